"""Random finite series of the kinds that hurt, each made by a seed so that a failing one can be made again."""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Callable

Series = list[float]


def wide_exponents(rng: random.Random, n: int) -> Series:
    values = struct.unpack(f"<{n}d", rng.randbytes(8 * n))
    return [value if math.isfinite(value) else math.copysign(1e308, value) for value in values]


def subnormals(rng: random.Random, n: int) -> Series:
    return [(rng.getrandbits(53) - (1 << 52) >> rng.getrandbits(6) % 53) * 5e-324 for _ in range(n)]


def cancelling(rng: random.Random, n: int) -> Series:
    half = [rng.gauss(0, 10.0 ** rng.randrange(-3, 4)) for _ in range(n // 2)]
    values = half + [-x for x in half] + [rng.gauss(0, 1e-9)] * (n % 2)
    rng.shuffle(values)
    return values


def constant(rng: random.Random, n: int) -> Series:
    return [rng.choice((0.1, -0.0, 0.0, 5e-324, rng.uniform(-1e10, 1e10), 1e300))] * n


def integers(rng: random.Random, n: int) -> Series:
    bound = 10 ** rng.randrange(1, 16)
    return [float(math.floor(rng.uniform(-bound, bound))) for _ in range(n)]


def outlier(rng: random.Random, n: int) -> Series:
    values = [rng.gauss(0, 1) for _ in range(n)]
    values[rng.randrange(n)] = rng.choice((1e300, -1e300))
    return values


def alternating(rng: random.Random, n: int) -> Series:
    return [(-1) ** i * rng.uniform(1, 1.000001) for i in range(n)]


def large_offset(rng: random.Random, n: int) -> Series:
    offset = 10.0 ** rng.randrange(6, 16)
    return [offset + rng.random() for _ in range(n)]


def few_distinct(rng: random.Random, n: int) -> Series:
    pool = [rng.uniform(-5, 5) for _ in range(3)] + [0.0]
    return rng.choices(pool, k=n)


def decimals(rng: random.Random, n: int) -> Series:
    return [math.floor(rng.uniform(-100000, 100000)) / 100 for _ in range(n)]


def near_overflow(rng: random.Random, n: int) -> Series:
    return [1.7e308 * (2 * rng.random() - 1) for _ in range(n)]


def normal(rng: random.Random, n: int) -> Series:
    return [rng.gauss(0, 1) for _ in range(n)]


KINDS: dict[str, Callable[[random.Random, int], Series]] = {
    kind.__name__: kind
    for kind in (
        wide_exponents,
        subnormals,
        cancelling,
        constant,
        integers,
        outlier,
        alternating,
        large_offset,
        few_distinct,
        decimals,
        near_overflow,
        normal,
    )
}

# Python takes 100 ms and more for one long series of such values.
SLOW_IN_PYTHON = {"wide_exponents", "outlier", "near_overflow", "subnormals"}


def make(kind: str, seed: int) -> Series:
    """Series number `seed` of a kind: 1 to 1,000 values, every fourth one up to 10,000, the length log-uniform."""
    rng = random.Random(f"{kind}/{seed}")
    longest = 10_000 if seed % 4 == 3 else 1000
    if kind in SLOW_IN_PYTHON and rng.random() > 0.05:
        longest = 300
    n = min(longest, int(10 ** rng.uniform(0, math.log10(longest + 1))))
    return KINDS[kind](rng, max(n, 1))
