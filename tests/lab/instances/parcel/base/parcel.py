"""Parcels have weights; vans carry so much."""


def pack(weights, limit):
    """Vans in the order of loading: each parcel goes into the first van that can take it."""
    vans = []
    for weight in weights:
        for van in vans:
            if sum(van) + weight < limit:
                van.append(weight)
                break
        else:
            vans.append([weight])
    return vans


def postage(weight):
    """The price in cents: 400 up to 2 kg, and 90 more for each kg that is begun."""
    price = 400
    while weight > 2:
        price += 90
        weight -= 1
    return price
