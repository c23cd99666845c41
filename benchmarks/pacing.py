"""When requests are due, in seconds from the start of a load."""


def steady(rate: float, seconds: float) -> list[float]:
    """`rate` requests a second at even distances."""
    return [number / rate for number in range(round(rate * seconds))]


def bursts(count: int, size: int, distance: float) -> list[float]:
    """`count` bursts of `size` requests that are due at once, `distance` seconds from burst to burst."""
    return [burst * distance for burst in range(count) for _ in range(size)]
