import unittest

from ledger import money


class Parse(unittest.TestCase):
    def test_whole(self):
        self.assertEqual(money.parse("1,234"), 123400)

    def test_cents(self):
        self.assertEqual(money.parse("0.05"), 5)


class Show(unittest.TestCase):
    def test_thousands(self):
        self.assertEqual(money.show(123450), "1,234.50")

    def test_negative(self):
        self.assertEqual(money.show(-5), "-0.05")


class Split(unittest.TestCase):
    def test_even(self):
        self.assertEqual(money.split(100, 4), [25, 25, 25, 25])
