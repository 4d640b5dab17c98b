import unittest

import parcel


class Pack(unittest.TestCase):
    def test_nothing(self):
        self.assertEqual(parcel.pack([], 10), [])

    def test_two_vans(self):
        self.assertEqual(parcel.pack([6, 7], 10), [[6], [7]])

    def test_first_that_fits(self):
        self.assertEqual(parcel.pack([6, 7, 1, 2], 10), [[6, 1, 2], [7]])


class Postage(unittest.TestCase):
    def test_light(self):
        self.assertEqual(parcel.postage(2), 400)

    def test_begun(self):
        self.assertEqual(parcel.postage(2.5), 490)
