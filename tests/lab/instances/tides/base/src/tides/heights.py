"""Heights of the tide between known points, each an (hour, height)."""


def at(points, hour):
    """The height at `hour`, on the straight line between its two neighbours."""
    for (hour0, height0), (hour1, height1) in zip(points, points[1:]):
        if hour0 <= hour < hour1:
            return height0 + (height1 - height0) * (hour - hour0) / (hour1 - hour0)
    raise ValueError(f"no heights around hour {hour}")


def highest(points):
    """The first of the highest points."""
    best = points[0]
    for point in points:
        if point[1] >= best[1]:
            best = point
    return best


def span(points):
    """Difference of the highest and the lowest point."""
    heights = [height for _, height in points]
    return max(heights) - min(heights)
