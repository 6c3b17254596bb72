"""The statistics beyond mean and deviation, against exact rationals and decimals of 60 digits."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
import rstats
from series_that_hurt import KINDS, make
from test_bits import bits, exact_variance, nearest, nearest_root

FURTHER = "sem iqr skewness kurtosis mad mode n_unique n_zero n_negative geometric_mean harmonic_mean cv".split()


def signed_root(square: Fraction, sign: Fraction) -> float:
    return (1 if sign > 0 else -1) * nearest_root(square) if square else 0.0


def central(values: list[float], k: int) -> Fraction:
    exact = [Fraction(x) for x in values]
    mean = sum(exact) / len(exact)
    return sum(((x - mean) ** k for x in exact), Fraction(0)) / len(exact)


def skewness(values: list[float], bias: bool) -> float | None:
    n, m2, m3 = len(values), central(values, 2), central(values, 3)
    if not m2 or (not bias and n < 3):
        return None
    square = m3**2 / m2**3
    return signed_root(square if bias else square * n * (n - 1) / (n - 2) ** 2, m3)


def kurtosis(values: list[float], bias: bool) -> float | None:
    n, m2, m4 = len(values), central(values, 2), central(values, 4)
    if not m2 or (not bias and n < 4):
        return None
    excess = m4 / m2**2 - 3
    return nearest(excess if bias else ((n + 1) * excess + 6) * (n - 1) / ((n - 2) * (n - 3)))


def exact_median(values: list[Fraction]) -> Fraction:
    ordered, n = sorted(values), len(values)
    return (ordered[(n - 1) // 2] + ordered[n // 2]) / 2


def mad(values: list[float]) -> float:
    exact = [Fraction(x) for x in values]
    median = exact_median(exact)
    return nearest(exact_median([abs(x - median) for x in exact]))


def geometric_mean(values: list[float]) -> float:
    with localcontext() as context:
        context.prec = 60
        return float((sum((Decimal(x).ln() for x in values), Decimal(0)) / len(values)).exp())


def trimmed_mean(values: list[float], share: float) -> float:
    cut = int(share * len(values))
    kept = sorted(map(Fraction, values))[cut : len(values) - cut]
    return nearest(sum(kept, Fraction(0)) / len(kept))


@pytest.mark.parametrize("share", [0, 0.1, 0.25, 0.4999])
@pytest.mark.parametrize("kind", KINDS)
def test_the_trimmed_mean_against_exact_rationals(kind: str, share: float) -> None:
    for seed in range(30):
        values = make(kind, seed)[:300]
        expected = bits(trimmed_mean(values, share))
        where = f"{kind} {seed}"
        for data in (values, np.array(values), pa.chunked_array([values[:7], values[7:]], type=pa.float64())):
            assert bits(rstats.describe(data, stats="trimmed_mean", q=(), trim=share)[0]["trimmed_mean"]) == expected, (
                where
            )
        weights = [1 + place % 3 for place in range(len(values))]
        repeated = [value for value, weight in zip(values, weights, strict=True) for _ in range(weight)]
        row = rstats.describe(values, stats="trimmed_mean", q=(), trim=share, weights=weights, weighting="frequencies")[
            0
        ]
        assert bits(row["trimmed_mean"]) == bits(trimmed_mean(repeated, share)), where


def test_the_trimmed_mean_of_other_types_and_of_nothing() -> None:
    def ask(data: object, **options: object) -> float | None:
        return rstats.describe(data, stats=["trimmed_mean"], q=(), **options)[0]["trimmed_mean"]  # type: ignore[arg-type]

    wide = [2**62 + place for place in range(10)]
    assert ask(pa.array(wide), trim=0.2) == nearest(Fraction(sum(wide[2:-2]), 6))
    assert ask([Decimal("0.1"), Decimal("0.2"), Decimal("9")], trim=0.34) == 0.2
    assert ask(pa.array([], pa.float64())) is None and ask(pa.array([None, None], pa.float64())) is None
    assert ask([5.0]) == 5.0 and ask([1.0, 100.0], trim=0.49) == 50.5
    for share in (0.5, -0.1, math.nan):
        with pytest.raises(ValueError, match="cut off at each end is from 0 to below 0.5"):
            ask([1.0], trim=share)
    answer = rstats.describe([1.0, 2.0], stats=["trimmed_mean"], q=(), trim=0.25)
    assert '"trim": 0.25' in answer.to_json()


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_against_exact_rationals(kind: str, bias: bool) -> None:
    for seed in range(40):
        values = make(kind, seed)[:200]
        n = len(values)
        row = rstats.describe(values, stats=FURTHER, q=(), bias=bias)[0]
        where = f"{kind} {seed}"
        assert bits(row["skewness"]) == bits(skewness(values, bias)), where
        assert bits(row["kurtosis"]) == bits(kurtosis(values, bias)), where
        assert bits(row["mad"]) == bits(mad(values)), where
        counts = Counter(x + 0.0 for x in values)
        most = max(counts.values())
        assert row["mode"] == min(x for x, count in counts.items() if count == most), where
        assert row["n_unique"] == len(counts), where
        assert row["n_zero"] == sum(x == 0 for x in values), where
        assert row["n_negative"] == sum(x < 0 for x in values), where
        quartiles = rstats.describe(values, stats=(), q=[0.25, 0.75])[0]
        assert bits(row["iqr"]) == bits(quartiles["q3"] - quartiles["q1"]), where
        if n > 1:
            variance, mean = exact_variance(values, 1), sum(map(Fraction, values), Fraction(0)) / n
            assert bits(row["sem"]) == bits(nearest_root(variance / n)), where
            assert bits(row["cv"]) == bits(signed_root(variance / mean**2, mean) if mean else None), where
        positive = [abs(x) for x in values if x]
        if positive:
            row = rstats.describe(positive, stats=["geometric_mean", "harmonic_mean"], q=())[0]
            assert row["geometric_mean"] == geometric_mean(positive), where
            expected = len(positive) / sum((1 / Fraction(x) for x in positive), Fraction(0))
            # Next to a tie the last bit is open: the promise is half a unit in the last place, and 2^-57 of one.
            unit = Fraction(math.ulp(row["harmonic_mean"]))
            assert abs(Fraction(row["harmonic_mean"]) - expected) <= unit / 2 + unit / 2**57, where


def test_means_agree_with_python() -> None:
    assert rstats.describe([54, 24, 36], stats=["geometric_mean"], q=())[0]["geometric_mean"] == 36.0
    assert rstats.describe([40, 60], stats=["harmonic_mean"], q=())[0]["harmonic_mean"] == 48.0
    assert statistics.harmonic_mean([40, 60]) == 48.0


def test_what_makes_means_undefined() -> None:
    def means(values: list[float]) -> tuple[float | None, float | None]:
        row = rstats.describe(values, stats=["geometric_mean", "harmonic_mean"], q=())[0]
        return row["geometric_mean"], row["harmonic_mean"]

    assert means([]) == (None, None)
    assert means([1.0, -1.0]) == (None, None)
    assert means([1.0, 0.0]) == (0.0, 0.0)
    assert means([1.0, math.inf]) == (math.inf, 2.0)


@pytest.mark.parametrize("dtype", ["int64", "uint64", "int8", "float32"])
def test_integers_and_narrow_floats(dtype: str) -> None:
    high = {"int64": 2**62, "uint64": 2**63, "int8": 127, "float32": 1000}[dtype]
    values = np.random.default_rng(3).integers(1, high, 101).astype(dtype)
    row = rstats.describe(values, stats=FURTHER, q=())[0]
    exact = [int(x) for x in values]
    assert row["skewness"] == skewness(exact, False)  # type: ignore[arg-type]
    assert row["kurtosis"] == kurtosis(exact, False)  # type: ignore[arg-type]
    assert row["mad"] == mad(exact)  # type: ignore[arg-type]
    assert row["n_unique"] == len(set(exact))


def test_decimals() -> None:
    texts = ["1.10", "2.25", "-3.70", "2.25", "99999999999999999999.01"]
    array = pa.array([Decimal(text) for text in texts], pa.decimal128(38, 2))
    row = rstats.describe(array, stats=FURTHER, q=())[0]
    exact = [Fraction(text) for text in texts]
    assert row["skewness"] == skewness(exact, False)  # type: ignore[arg-type]
    assert row["kurtosis"] == kurtosis(exact, False)  # type: ignore[arg-type]
    assert (row["mode"], row["n_unique"], row["n_negative"]) == (2.25, 4, 1)


def test_counts_stay_integers() -> None:
    stats = ["n_unique", "n_zero", "n_negative", "mode"]
    row = rstats.describe([0.0, -0.0, math.nan, -1.0], stats=stats, q=())[0]
    assert (row["n_unique"], row["n_zero"], row["n_negative"]) == (3, 2, 1)
    assert all(type(row[name]) is int for name in stats[:3]) and math.isnan(row["mode"])
    table = rstats.describe([1.0, 2.0], stats=stats, q=()).to_arrow()
    assert table.schema.field("n_unique").type == pa.uint64()


def test_parts_and_threads_do_not_show() -> None:
    values = np.random.default_rng(8).lognormal(size=400_000).round(3)
    expected = rstats.describe(values, stats=FURTHER, q=(), threads=1).to_dicts()
    assert rstats.describe(values[::-1], stats=FURTHER, q=()).to_dicts() == expected
    chunks = pa.chunked_array([values[:7], values[7:300_000], values[300_000:]])
    assert rstats.describe(chunks, stats=FURTHER, q=()).to_dicts() == expected


def test_named_statistics_come_alone() -> None:
    data = {"x": [1.0, 2.0, 4.0], "t": ["a", "b", "b"]}
    rows = rstats.describe(data, stats=["mean"]).to_dicts()
    counts = ["column", "kind", "count", "null_count"]
    assert [list(row) for row in rows] == [[*counts, "nan_count", "mean"], counts]
    assert rstats.describe(data, stats=["mean", "p95"]).columns[-2:] == ["mean", "p95"]
    assert rstats.describe(data, stats=["mean"], q=[0.5]).columns[-2:] == ["mean", "median"]
    assert rstats.rolling([1.0, 2.0], 2, stats=["mean"]).names == ["mean"]
    # As pandas has them: the most frequent text and how often it is there.
    text = rstats.describe(data, columns="t", stats=["count", "unique", "top", "freq"]).to_dicts()[0]
    assert (text["n_unique"], text["mode"], text["mode_count"]) == (2, "b", 2)
