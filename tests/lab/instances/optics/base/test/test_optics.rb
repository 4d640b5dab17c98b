require "minitest/autorun"
require "optics"

class TestImage < Minitest::Test
  def test_real
    assert_in_delta 100.0, Optics.image(50.0, 100.0)
  end

  def test_virtual
    assert_in_delta(-50.0, Optics.image(50.0, 25.0))
  end

  def test_magnification
    assert_in_delta(-1.0, Optics.magnification(50.0, 100.0))
  end
end

class TestCombine < Minitest::Test
  def test_two
    assert_in_delta 25.0, Optics.combine([50.0, 50.0])
  end
end
