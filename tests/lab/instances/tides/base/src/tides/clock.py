"""Hours as people write them."""


def parse(text):
    """'6:30' is 6.5 hours after midnight."""
    hours, minutes = text.split(":")
    return int(hours) + int(minutes) / 60


def show(hour):
    """6.5 is '06:30'."""
    return f"{int(hour):02}:{int(hour % 1 * 60):02}"
