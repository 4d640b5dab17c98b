"""Money in whole cents."""


def parse(text):
    """'-1,234.50' is -123450 cents."""
    whole, _, part = text.replace(",", "").partition(".")
    return int(whole) * 100 + int(part or 0)


def show(cents):
    """-123450 is '-1,234.50'."""
    return f"{cents / 100:,.2f}"


def split(cents, ways):
    """So many parts that differ by a cent at most and are the whole again."""
    return [cents // ways] * ways
