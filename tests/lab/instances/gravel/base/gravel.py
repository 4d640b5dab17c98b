"""Sieves: stones fall through meshes that are wider than they are."""


def sieve(stones, meshes):
    """One heap a mesh, widest first, and a last one for what falls through all."""
    heaps = [[] for _ in range(len(meshes) + 1)]
    for stone in stones:
        for place, mesh in enumerate(sorted(meshes)):
            if stone > mesh:
                heaps[place].append(stone)
                break
        else:
            heaps[-1].append(stone)
    return heaps


def weigh(heap, density=2.6):
    """Weight in grams of round stones with diameters in centimetres."""
    return sum(density * 3.14159 / 6 * stone ** 3 for stone in heap)


def share(heaps):
    """The share of each heap in the weight of all."""
    weights = [weigh(heap) for heap in heaps]
    return [weight / sum(weights) for weight in weights]
