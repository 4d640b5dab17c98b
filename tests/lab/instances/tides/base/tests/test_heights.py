import pytest
from tides import heights

POINTS = [(0, 1.0), (6, 4.0), (12, 1.0)]


@pytest.mark.parametrize("hour, height", [(0, 1.0), (3, 2.5), (6, 4.0), (9, 2.5)])
def test_at(hour, height):
    assert heights.at(POINTS, hour) == height


def test_at_before_all():
    with pytest.raises(ValueError):
        heights.at(POINTS, -1)


def test_highest():
    assert heights.highest(POINTS) == (6, 4.0)


def test_span():
    assert heights.span(POINTS) == 3.0
