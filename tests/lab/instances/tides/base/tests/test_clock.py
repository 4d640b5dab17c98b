from tides import clock


def test_parse():
    assert clock.parse("6:30") == 6.5


def test_show():
    assert clock.show(6.5) == "06:30"


def test_show_before_noon():
    assert clock.show(9.25) == "09:15"
