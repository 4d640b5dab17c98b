require "minitest/autorun"
require "prism"

class TestPrism < Minitest::Test
  def test_green
    assert_equal :green, Prism.colour(530)
  end

  def test_ultraviolet
    assert_nil Prism.colour(200)
  end

  def test_visible
    assert Prism.visible?(500)
  end
end
