"""Covariance and correlation against exact rationals, and against pandas, NumPy and SciPy up to their rounding."""

import itertools
import math
import pickle
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import rstats

METHODS = ["pearson", "spearman", "kendall"]


def nearest_root(square: Fraction) -> float:
    """The float nearest to √square, ties to even."""
    if square == 0:
        return 0.0
    shift = 2 * max(0, 120 - (square.numerator.bit_length() - square.denominator.bit_length()) // 2)
    low = Fraction(math.isqrt((square.numerator << shift) // square.denominator), 1 << (shift // 2))
    near = float(low)
    candidates = [math.nextafter(near, 0), near, math.nextafter(near, math.inf)]
    for a, b in itertools.pairwise(candidates):
        middle = (Fraction(a) + Fraction(b)) / 2
        if square < middle**2:
            return a
        if square == middle**2:
            return a if int(Fraction(a) / Fraction(math.ulp(a))) % 2 == 0 else b
    return candidates[-1]


def sums(x, y):
    n = len(x)
    x, y = [Fraction(v) for v in x], [Fraction(v) for v in y]
    both = n * sum(a * b for a, b in zip(x, y, strict=True)) - sum(x) * sum(y)
    return n, both, n * sum(a * a for a in x) - sum(x) ** 2, n * sum(b * b for b in y) - sum(y) ** 2


def covariance(x, y, ddof=1):
    n, both, _, _ = sums(x, y)
    return float(both / (n * (n - ddof))) if n > ddof else None


def pearson(x, y):
    if len(x) < 2:
        return None
    _, both, a, b = sums(x, y)
    return math.copysign(nearest_root(both * both / (a * b)), both) if a and b else None


def ranks(x):
    return [Fraction(2 * sum(v < w for v in x) + sum(v == w for v in x) + 1, 2) for w in x]


def spearman(x, y):
    return pearson(ranks(x), ranks(y))


def kendall(x, y):
    def sign(a):
        return (a > 0) - (a < 0)

    pairs = [(sign(x[i] - x[j]), sign(y[i] - y[j])) for i in range(len(x)) for j in range(i)]
    a, b = sum(u * u for u, _ in pairs), sum(v * v for _, v in pairs)
    score = sum(u * v for u, v in pairs)
    return math.copysign(nearest_root(Fraction(score * score, a * b)), score) if a and b else None


ORACLES = {"covariance": covariance, "pearson": pearson, "spearman": spearman, "kendall": kendall}


def of(name, *data, **options):
    if name == "covariance":
        return rstats.covariance(*data, **options)
    return rstats.correlation(*data, method=name, **options)


def same(found, expected):
    if found is None or expected is None:
        return found is expected
    return found == expected or math.isnan(found) and math.isnan(expected)


def column(rng, rows):
    kind = rng.integers(0, 9)
    if kind == 0:
        return rng.normal(size=rows)
    if kind == 1:
        return rng.normal(size=rows) * 1e-3 + 1e9
    if kind == 2:
        return rng.integers(-5, 6, rows)
    if kind == 3:
        return rng.lognormal(0, 8, rows)  # more bits than digits have
    if kind == 4:
        return rng.integers(-(2**62), 2**62, rows)
    if kind == 5:
        return rng.integers(0, 2**64, rows, dtype=np.uint64)
    if kind == 6:
        return rng.normal(size=rows).astype(np.float32)
    if kind == 7:
        return rng.normal(size=rows) * 10.0 ** rng.integers(-300, 150)
    return np.full(rows, rng.normal()) if rng.random() < 0.3 else rng.uniform(size=rows).round(1)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", ORACLES)
def test_pairs_are_those_of_rationals(seed, name):
    rng = np.random.default_rng([seed, 17])
    for rows in (1, 2, 3, 8, 30) if name in ("spearman", "kendall") else (1, 2, 3, 8, 60, 700):
        columns = {f"c{index}": column(rng, rows) for index in range(4)}
        missing = {key: rng.random(rows) < rng.choice([0.0, 0.1, 0.5]) for key in columns}
        data = pa.table({key: pa.array(values, mask=missing[key]) for key, values in columns.items()})
        pairs = of(name, data)
        complete = of(name, data, nulls="complete")
        all_there = ~np.logical_or.reduce(list(missing.values()))
        for a in columns:
            for b in columns:
                there = ~(missing[a] | missing[b])
                expected = ORACLES[name](columns[a][there].tolist(), columns[b][there].tolist())
                assert same(pairs[a, b], expected), (rows, a, b, pairs[a, b], expected)
                assert pairs.count(a, b) == there.sum()
                expected = ORACLES[name](columns[a][all_there].tolist(), columns[b][all_there].tolist())
                assert same(complete[a, b], expected), (rows, a, b)
        x, y = columns["c0"], columns["c1"]
        assert same(of(name, x, y), ORACLES[name](x.tolist(), y.tolist()))


def test_columns_beside_themselves_have_their_variance():
    rng = np.random.default_rng(1)
    data = {"x": rng.lognormal(0, 2, 5000), "y": rng.normal(1e8, 1, 5000), "z": rng.integers(0, 9, 5000)}
    for ddof in (0, 1, 3):
        pairs = rstats.covariance(data, ddof=ddof)
        for name, values in data.items():
            assert pairs[name, name] == rstats.describe(values, stats=["variance"], ddof=ddof)[0]["variance"]
    assert all(rstats.correlation(data, method=method)["y", "y"] == 1.0 for method in METHODS)


@pytest.mark.parametrize("method", METHODS)
def test_large_frames_agree_with_pandas(method):
    rng = np.random.default_rng(3)
    rows = 3000 if method == "kendall" else 20_000
    base = rng.normal(size=rows)
    frame = pd.DataFrame({f"c{i}": base * rng.normal() + rng.normal(size=rows) for i in range(12)})
    frame["ties"] = rng.integers(0, 7, rows)
    frame = frame.mask(rng.random(frame.shape) < 0.02)
    found = rstats.correlation(frame, method=method)
    expected = frame.corr(method=method)
    assert list(found.to_pandas().index) == list(expected.index) == list(found.to_pandas().columns)
    np.testing.assert_allclose(found.to_numpy(), expected.to_numpy(), rtol=1e-9, atol=1e-12)
    assert found.count("c0", "ties") == (frame["c0"].notna() & frame["ties"].notna()).sum()
    for threads in (1, 3):
        assert rstats.correlation(frame, method=method, threads=threads) == found


def test_numpy_agrees_without_nulls():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(10_000, 20)) @ rng.normal(size=(20, 20))
    np.testing.assert_allclose(rstats.correlation(x).to_numpy(), np.corrcoef(x.T), rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(rstats.covariance(x).to_numpy(), np.cov(x.T), rtol=1e-10, atol=1e-12)


def test_routes_agree():
    rng = np.random.default_rng(5)
    data = pa.table(
        {"x": rng.normal(size=9000), "y": rng.normal(size=9000), "n": rng.integers(0, 99, 9000), "s": ["a"] * 9000}
    )
    expected = rstats.correlation(data)
    assert expected.names == ["x", "y", "n"]
    for other in (
        data.to_pandas(),
        pl.from_arrow(data),
        data.to_reader(1000),
        {name: data[name] for name in data.column_names},
    ):
        assert rstats.correlation(other) == expected
    assert rstats.correlation(data, columns=["x", "n"])["x", "n"] == expected["x", "n"]
    assert rstats.correlation(data.to_pandas()["x"], pl.Series(data["y"].to_numpy())) == expected["x", "y"]


@pytest.mark.parametrize("name", ORACLES)
def test_decimals_are_what_they_say(name):
    rng = np.random.default_rng(6)
    cents = [Decimal(int(value)).scaleb(-2) for value in rng.integers(-(10**9), 10**9, 40)]
    wide = [Decimal(int(value)).scaleb(-10) for value in rng.integers(-(10**18), 10**18, 40)]
    # More than 64 bits, beside floats of more bits than digits have.
    widest = [Decimal(int(a) * 10**9 + int(b)).scaleb(-5) for a, b in rng.integers(10**17, 10**18, (40, 2))]
    columns = {"cents": cents, "wide": wide, "widest": widest, "x": rng.normal(size=40).tolist()}
    columns["spread"] = rng.lognormal(0, 30, 40).tolist()
    pairs = of(name, pa.table({key: pa.array(values) for key, values in columns.items()}))
    for a in columns:
        for b in columns:
            assert pairs[a, b] == ORACLES[name](columns[a], columns[b]), (a, b)


def test_what_is_not_finite():
    nan, inf = math.nan, math.inf
    data = {"x": [1.0, 2.0, 3.0, 4.0], "nan": [1.0, nan, 2.0, 5.0], "inf": [1.0, 3.0, inf, 4.0]}
    for name in ("pearson", "covariance"):
        pairs = of(name, data)
        assert math.isnan(pairs["x", "nan"]) and math.isnan(pairs["x", "inf"]) and pairs["x", "x"] > 0
        assert pairs.count("x", "inf") == 4
    omitted = rstats.correlation(data, nan="omit")
    assert omitted["x", "nan"] == pearson([1, 3, 4], [1, 2, 5]) and omitted.count("x", "nan") == 3
    ranked = rstats.correlation(data, method="spearman")
    assert ranked["x", "inf"] == spearman([1, 2, 3, 4], [1, 2, 4, 3]) and math.isnan(ranked["x", "nan"])
    assert rstats.correlation(pd.DataFrame(data))["x", "nan"] == omitted["x", "nan"]
    with pytest.raises(ValueError, match=r"'nan'.*row 1"):
        rstats.correlation(data, nan="raise")


def test_outputs():
    pairs = rstats.correlation({"a": [1.0, 2.0, 4.0], "b": [0.0, 1.0, 5.0], "one": [1, 1, 1]})
    assert len(pairs) == 3 and list(pairs) == ["a", "b", "one"] and pairs["a", "one"] is None
    assert pairs.to_dict()["a"]["b"] == pairs["b", "a"]
    assert pairs.to_arrow().column_names == ["column", "a", "b", "one"]
    assert pairs.to_polars()["b"].to_list()[0] == pairs["a", "b"]
    assert "pearson" in repr(pairs) and "<table>" in pairs._repr_html_()
    with pytest.raises(KeyError, match="did you mean 'one'"):
        pairs["a", "on"]
    assert rstats.correlation([1.0, 1.0], [1.0, 2.0]) is None and rstats.covariance([1.0], [2.0]) is None
    assert rstats.correlation({}).names == []
    assert pickle.loads(pickle.dumps(pairs)) == pairs


def test_what_is_wrong_is_said():
    with pytest.raises(ValueError, match="3 rows.*4|4.*3 rows|has 3 rows"):
        rstats.correlation([1, 2, 3, 4], [1, 2, 3])
    with pytest.raises(ValueError, match="did you mean 'pearson'"):
        rstats.correlation([1, 2], [1, 2], method="pearsn")
    with pytest.raises(ValueError, match="pairwise or complete"):
        rstats.correlation([1, 2], [1, 2], nulls="all")
    with pytest.raises(TypeError, match="two series"):
        rstats.correlation([1, 2, 3])
    with pytest.raises(TypeError, match="two series"):
        rstats.correlation({"a": [1]}, [1])
    with pytest.raises(ValueError, match="27 digits.*float64"):
        rstats.correlation(pa.table({"d": pa.array([10**30, 2], pa.decimal128(38, 0)), "x": [1.0, 2.0]}))
    with pytest.raises(ValueError, match="columns="):
        rstats.correlation([1, 2], [1, 2], columns="x")
