import gravel


def test_sieve_one_mesh():
    assert gravel.sieve([1, 3, 2], [2]) == [[3], [1, 2]]


def test_weigh():
    assert round(gravel.weigh([1.0]), 2) == 1.36


def test_weigh_nothing():
    assert gravel.weigh([]) == 0


def test_share():
    assert gravel.share([[1], [1]]) == [0.5, 0.5]
