"""Bit for bit: the same numbers as Python's `statistics`, `math.fsum` and `numpy.quantile`, on 100,000
random series and more.

`RSTATS_SERIES=1000000` runs that many. A failing series prints its kind and seed: `series_that_hurt.make(kind, seed)`.
"""

from __future__ import annotations

import math
import os
import statistics
import struct
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pytest
import rstats
from series_that_hurt import KINDS, make

pytestmark = pytest.mark.slow

BATCHES = 24
SERIES = int(os.environ.get("RSTATS_SERIES", "102000"))
EACH = math.ceil(SERIES / len(KINDS) / BATCHES)

NUMPY = (
    "inverted_cdf averaged_inverted_cdf closest_observation interpolated_inverted_cdf hazen weibull linear "
    "median_unbiased normal_unbiased lower higher midpoint nearest"
).split()
PROBABILITIES = (0.0, 0.001, 0.1, 0.25, 1 / 3, 0.5, 0.75, 0.987654321, 0.99, 1.0)
MOMENTS = ("sum", "mean", "variance", "stddev")


def bits(value: float | None) -> bytes | None:
    """A number as its bits; every NaN is the same one."""
    if value is None:
        return None
    return struct.pack("<d", math.nan if math.isnan(value) else value)


def nearest(value: Fraction) -> float:
    """The f64 nearest to a fraction; beyond the range, the infinity of its sign."""
    try:
        return value.numerator / value.denominator
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def nearest_root(value: Fraction) -> float:
    """The f64 nearest to the root of a fraction, from an integer root with 64 bits to spare."""
    scale = 1 << 1300
    root = math.isqrt(value.numerator * scale * scale // value.denominator)
    exact = root * root * value.denominator == value.numerator * scale * scale
    return nearest(Fraction(2 * root + (not exact), 2 * scale))  # a sticky bit breaks ties


def or_rounded(compute: Callable[[], float], rounded: Callable[[], float]) -> float:
    """What Python returns; where it raises OverflowError, the rounded exact value."""
    try:
        return compute()
    except OverflowError:
        return rounded()


def whole(values: list[float]) -> list[int]:
    """Finite values as whole numbers of 2**-1074."""
    ratios = map(float.as_integer_ratio, values)
    return [numerator << (1075 - denominator.bit_length()) for numerator, denominator in ratios]


def exact_sum(values: list[float]) -> Fraction:
    return Fraction(sum(whole(values)), 1 << 1074)


def exact_variance(values: list[float], ddof: int) -> Fraction:
    n, units = len(values), whole(values)
    total, squares = sum(units), sum(x * x for x in units)
    return Fraction(n * squares - total * total, n * (n - ddof) << 2148)


def rounded_variance(values: list[float], ddof: int) -> float:
    return nearest(exact_variance(values, ddof))


def rounded_stddev(values: list[float], ddof: int) -> float:
    return nearest_root(exact_variance(values, ddof))


def wide_interpolation(a: float, b: float, gamma: float) -> float:
    """What takes the place of an interpolation whose b - a overflows."""
    return a if gamma == 0 or a == b else (1 - gamma) * a + gamma * b


def check_moments(values: list[float]) -> None:
    n = len(values)
    total = or_rounded(lambda: math.fsum(values), lambda: nearest(exact_sum(values)))
    mean = or_rounded(lambda: statistics.mean(values), lambda: nearest(exact_sum(values) / n))
    for ddof in (0, 1):
        row = rstats.describe(values, stats=MOMENTS, q=(), ddof=ddof)[0]
        assert bits(row["sum"]) == bits(total)
        assert bits(row["mean"]) == bits(mean)
        if n <= ddof:
            assert row["variance"] is None and row["stddev"] is None
            continue
        variance, stddev = (
            (statistics.variance, statistics.stdev) if ddof else (statistics.pvariance, statistics.pstdev)
        )
        expected = or_rounded(partial(variance, values), partial(rounded_variance, values, ddof))
        assert bits(row["variance"]) == bits(expected)
        expected = or_rounded(partial(stddev, values), partial(rounded_stddev, values, ddof))
        assert bits(row["stddev"]) == bits(expected)


def neighbours(ordered: list[float], k: int, groups: int, method: str) -> tuple[float, float, float]:
    """The values around the cut point k/groups, as `statistics.quantiles` has them, and the upper one's weight."""
    n = len(ordered)
    if method == "exclusive":
        rank = min(max(k * (n + 1) // groups, 1), n - 1)
        return ordered[rank - 1], ordered[rank], (k * (n + 1) - rank * groups) / groups
    rank, delta = divmod(k * (n - 1), groups)
    return ordered[rank], ordered[rank + 1], delta / groups


def both_zeros(values: list[float]) -> bool:
    return len({math.copysign(1, x) for x in values if x == 0}) == 2


def check_quantiles(values: list[float], rng_number: int) -> None:
    array = np.array(values)
    # There NumPy's and Python's zeros depend on the order of the data.
    has_both = both_zeros(values)
    same = (lambda x: bits(x + 0.0)) if has_both else bits
    overflowing = not math.isfinite(max(values) - min(values))
    for method in NUMPY:
        row = rstats.describe(array, stats=(), q=PROBABILITIES, method=method)[0]
        ours = list(row.values())[5:]
        with np.errstate(over="ignore", invalid="ignore"):
            theirs = np.quantile(array, PROBABILITIES, method=method)
        if not has_both and np.array(ours).tobytes() == theirs.tobytes():
            continue
        for p, a, b in zip(PROBABILITIES, ours, theirs.tolist(), strict=True):
            if overflowing and not math.isfinite(b):
                assert min(values) <= a <= max(values), (method, p)
            else:
                assert same(a) == same(b), (method, p, a, b)
    if len(values) < 2:
        return
    groups = (4, 5, 6, 10, 100)[rng_number % 5]
    ordered = sorted(values)
    for method in ("exclusive", "inclusive"):
        row = rstats.describe(array, stats=(), n=groups, method=method)[0]
        ours = list(row.values())[5:]
        theirs = statistics.quantiles(values, n=groups, method=method)
        for k, (a, b) in enumerate(zip(ours, theirs, strict=True), 1):
            below, above, gamma = neighbours(ordered, k, groups, method)
            if not math.isfinite(above - below):
                b = wide_interpolation(below, above, gamma)
            assert same(a) == same(b), (method, f"{k}/{groups}", a, b)


@pytest.fixture(autouse=True, scope="module")
def squares_once() -> Iterator[None]:
    """Python's variances and deviations all begin with the same sum of squares: of one list, it is computed once."""
    computed = statistics._ss  # type: ignore[attr-defined]
    last: list[Any] = [None, None]

    def _ss(data: Any, c: Any = None) -> Any:
        if c is not None:
            return computed(data, c)
        if last[0] is not data:
            last[:] = [data, computed(data)]
        return last[1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "_ss", _ss)
        yield


@pytest.mark.parametrize("batch", range(BATCHES))
@pytest.mark.parametrize("kind", KINDS)
def test_random_series(kind: str, batch: int) -> None:
    for seed in range(batch * EACH, (batch + 1) * EACH):
        values = make(kind, seed)
        try:
            check_moments(values)
            check_quantiles(values, seed)
        except AssertionError as error:
            raise AssertionError(f"series_that_hurt.make({kind!r}, {seed}), {len(values)} values: {error}") from error


def test_probabilities_as_fractions_of_cut_points() -> None:
    values = make("normal", 7)
    for method in ("exclusive", "inclusive"):
        theirs = statistics.quantiles(values, n=1000, method=method)
        row = rstats.describe(values, stats=(), q=[k / 1000 for k in range(1, 1000)], method=method)[0]
        by_fraction = dict(zip((Fraction(k, 1000) for k in range(1, 1000)), list(row.values())[5:], strict=True))
        for k in range(1, 1000):
            if math.gcd(k, 1000) == 1:  # others are taken in lowest terms
                assert bits(by_fraction[Fraction(k, 1000)]) == bits(theirs[k - 1])


def test_a_python_handler_can_be_replaced() -> None:
    for kind in KINDS:
        for seed in range(30):
            values = make(kind, seed)
            if len(values) < 2 or kind == "near_overflow":
                continue
            ours = rstats.compute_stats(values)
            assert bits(ours.range) == bits(max(values) - min(values))
            assert bits(ours.mean) == bits(statistics.mean(values))
            expected = or_rounded(partial(statistics.stdev, values), partial(rounded_stddev, values, 1))
            assert bits(ours.stddev) == bits(expected)
            if not both_zeros(values):
                assert list(map(bits, ours.quartiles)) == list(map(bits, statistics.quantiles(values)))
