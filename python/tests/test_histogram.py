"""Histograms, fences and outliers: NumPy's edges, and counts by exact comparison of rationals, by every route."""

import io
import itertools
import json
import math
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rstats

BINS = [1, 2, 3, 7, 10, 50, 257, "auto"]
SIZES = [1, 2, 3, 10, 100, 1000, 2048, 2049, 6000]


def series_of(rng: np.random.Generator, size: int) -> list[np.ndarray]:
    return [
        rng.normal(size=size) * 10.0 ** rng.integers(-5, 6),
        rng.lognormal(0, 2, size),
        rng.standard_cauchy(size),
        rng.integers(-5, 6, size),
        rng.integers(0, 4, size, dtype=np.int32),
        rng.integers(-(2**62), 2**62, size),
        rng.integers(0, 2**64, size, dtype=np.uint64),
        rng.uniform(size=size).round(2),
        np.sort(rng.exponential(size=size)),
        np.full(size, rng.normal()),
    ]


def histogram_of(x, bins, **options):
    return rstats.describe(x, stats=(), bins=bins, **options)[0]["histogram"]


def counted(values, edges: list[float]) -> list[int]:
    """How many values are in each bin, by rationals: the obvious way."""
    inner = [Fraction(edge) for edge in edges[1:-1]]
    below = [sum(Fraction(value) < edge for value in values) for edge in inner]
    ends = [0, *below, len(values)]
    return [end - start for start, end in itertools.pairwise(ends)]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("bins", BINS)
def test_edges_and_counts_are_those_of_numpy(seed, bins):
    rng = np.random.default_rng([seed, BINS.index(bins)])
    compared = 0
    for size in SIZES:
        for x in series_of(rng, size):
            try:
                counts, edges = np.histogram(x, bins=bins)
            except ValueError as error:  # NumPy refuses edges that are equal
                assert "Too many bins" in str(error)
                continue
            found = histogram_of(x, bins)
            assert found["edges"] == edges.tolist(), (size, bins, x[:5])
            if x.dtype.itemsize < 8 or x.dtype == np.float64:
                assert found["counts"] == counts.tolist(), (size, bins, x[:5])
            if size <= 100:  # NumPy compares 64-bit integers as floats
                assert found["counts"] == counted(x.tolist(), found["edges"]), (size, bins, x[:5])
            assert sum(found["counts"]) == size
            compared += 1
    assert compared > len(SIZES) * 6


def test_large_series_are_counted_in_a_further_pass():
    rng = np.random.default_rng(7)
    for x in [rng.normal(size=1_000_000), rng.lognormal(0, 3, 700_000), rng.integers(0, 50, 600_000).astype(float)]:
        for bins in (10, 100, 3000):
            counts, edges = np.histogram(x, bins=bins)
            found = histogram_of(x, bins)
            assert found["edges"] == edges.tolist() and found["counts"] == counts.tolist()
            for threads in (1, 3):
                assert histogram_of(x, bins, threads=threads) == found
        with_all = rstats.describe(x, stats=["mean", "outliers", "fences", "histogram"], q=[0.01, 0.5], bins=10)[0]
        assert with_all["histogram"] == histogram_of(x, 10)
        assert with_all["p1"] == np.quantile(x, 0.01)


def test_whole_numbers_have_no_bin_narrower_than_one():
    dice = np.random.default_rng(3).integers(1, 7, 100_000)
    for x in (dice, dice.astype(np.int8), dice.astype(float), pd.Series(dice, dtype="Int16")):
        found = histogram_of(x, "auto")
        assert found["edges"] == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert len(histogram_of(dice + 0.25, "auto")["counts"]) == len(np.histogram(dice + 0.25, bins="auto")[0])


def test_decimals_are_compared_as_decimals():
    from decimal import Decimal

    # The float nearest to 0.3 is below 0.3, and is the edge.
    values = [Decimal("0.0"), Decimal("0.3"), Decimal("0.6"), Decimal("0.3")]
    found = histogram_of(pa.array(values), 2)
    assert found == {"edges": [0.0, 0.3, 0.6], "counts": counted(values, [0.0, 0.3, 0.6])}
    assert found["counts"] == [1, 3]


def test_zeros_are_one_value():
    assert histogram_of([-1.0, -0.0, 0.0, 1.0], 2)["counts"] == [1, 3]


def test_far_ends_of_the_floats():
    big = np.finfo(float).max
    found = histogram_of([-big, 0.0, big], 2)
    assert found == {"edges": [-big, 0.0, big], "counts": [1, 2]}
    # Edges that are equal have nothing between them.
    assert histogram_of([0.0, 5e-324], 4) == {"edges": [0.0, 0.0, 0.0, 5e-324, 5e-324], "counts": [0, 0, 1, 1]}
    # All values are equal: half a unit to each side, where that can be told.
    assert histogram_of([2.0, 2.0], 2) == {"edges": [1.5, 2.0, 2.5], "counts": [0, 2]}
    assert sum(histogram_of([1e300] * 3, 4)["counts"]) == 3


def test_what_is_not_finite_has_no_histogram():
    assert histogram_of([1.0, math.inf], 3) is None
    assert histogram_of([1.0, math.nan], 3) is None
    assert histogram_of([], 3) is None
    assert histogram_of([None, None], 3) is None
    assert histogram_of([1.0, math.nan, 2.0, None], 1, nan="omit") == {"edges": [1.0, 2.0], "counts": [2]}


def test_fences_and_outliers():
    rng = np.random.default_rng(11)
    for size in (1, 5, 100, 3000, 400_000):
        for x in (
            rng.normal(size=size),
            rng.standard_cauchy(size),
            rng.integers(0, 9, size),
            rng.lognormal(0, 1, size),
        ):
            q1, q3 = np.quantile(x, [0.25, 0.75])
            low, high = q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1)
            row = rstats.describe(x, stats=["fences", "outliers"])[0]
            assert (row["lower_fence"], row["upper_fence"]) == (low, high)
            assert (row["n_low_outliers"], row["n_high_outliers"]) == ((x < low).sum(), (x > high).sum())
            assert isinstance(row["n_low_outliers"], int)
            assert rstats.describe(x, stats=["outliers"])[0]["n_high_outliers"] == row["n_high_outliers"]
    row = rstats.describe([1.0, math.nan], stats=["fences", "outliers"])[0]
    assert math.isnan(row["lower_fence"]) and row["n_low_outliers"] is None
    row = rstats.describe([], stats=["fences", "outliers"])[0]
    assert row["lower_fence"] is None and row["n_low_outliers"] is None


def table(rows: int = 30_000) -> pa.Table:
    rng = np.random.default_rng(5)
    columns = {
        "x": pa.array(rng.normal(size=rows), mask=rng.random(rows) < 0.01),
        "n": pa.array(rng.integers(0, 1000, rows), mask=rng.random(rows) < 0.2),
        "k": pa.array(np.where(rng.random(rows) < 0.7, 0, rng.integers(0, 300, rows))),
        "name": pa.array(np.array(["a", "b", "c"])[rng.integers(0, 3, rows)]),
    }
    return pa.table(columns)


@pytest.mark.parametrize("bins", [5, "auto"])
def test_routes_agree(tmp_path, bins):
    data = table()
    expected = rstats.describe(data, bins=bins)
    for column in ("x", "n"):
        values = data[column].drop_null().to_numpy()
        counts, edges = np.histogram(values, bins=bins)
        assert expected[column]["histogram"] == {"edges": edges.tolist(), "counts": counts.tolist()}
    for other in (data.to_reader(1000), pl.from_arrow(data), pl.from_arrow(data).lazy(), data.combine_chunks()):
        assert rstats.describe(other, bins=bins) == expected
    for start in range(0, data.num_rows, 10_000):
        pq.write_table(data.slice(start, 10_000), tmp_path / f"{start}.parquet", row_group_size=3000)
    for options in ({}, {"threads": 1}, {"memory_limit": "128MiB"}):
        assert rstats.describe_parquet(tmp_path, bins=bins, **options) == expected
    asked = {"columns": ["x", "n"], "bins": bins, "stats": ["mean", "outliers"]}
    one = rstats.describe(data, **asked)
    for _ in range(2):  # what was kept of each file is looked at again
        assert rstats.describe_parquet(tmp_path, checkpoint=tmp_path / "state", **asked) == one
    where = rstats.describe_parquet(tmp_path, bins=bins, where="name = 'a'", columns="n")
    of_a = data.filter(pa.compute.equal(data["name"], "a"))
    assert where["n"]["histogram"] == rstats.describe(of_a, columns="n", bins=bins)["n"]["histogram"]
    by = rstats.describe(data, by="k", columns=["x", "n"], bins=bins, stats=["mean", "outliers"])
    for row in by.to_dicts()[:40] + by.to_dicts()[-40:]:
        of_key = data.filter(pa.compute.equal(data["k"], row["k"]))
        one = rstats.describe(of_key, columns=row["column"], bins=bins, stats=["mean", "outliers"])[0]
        assert {name: row[name] for name in one} == one
    for options in ({}, {"memory_limit": "128MiB"}):
        found = rstats.describe_parquet(
            tmp_path, by="k", columns=["x", "n"], bins=bins, stats=["mean", "outliers"], **options
        )
        assert found == by


def test_many_groups_from_files(tmp_path):
    rng = np.random.default_rng(9)
    rows, keys = 200_000, 30_000
    data = pa.table({"k": rng.integers(0, keys, rows), "x": rng.normal(size=rows)})
    pq.write_table(data, tmp_path / "x.parquet", row_group_size=20_000)
    by = rstats.describe(data, by="k", bins=4, stats=["max"])
    assert rstats.describe_parquet(tmp_path / "x.parquet", by="k", bins=4, stats=["max"]) == by
    assert sum(sum(row["histogram"]["counts"]) for row in by) == rows


def test_every_output_has_them():
    import pickle

    data = {"x": [1.0, 2.0, 2.0, 9.0], "t": [math.nan, 1.0, 2.0, 3.0]}
    d = rstats.describe(data, bins=2, stats=["max"])
    expected = {"edges": [1.0, 5.0, 9.0], "counts": [3, 1]}
    assert d.columns == ["column", "count", "null_count", "nan_count", "max", "histogram"]
    assert d["x"]["histogram"] == expected and d["t"]["histogram"] is None
    assert pickle.loads(pickle.dumps(d)) == d
    assert d != rstats.describe(data, bins=3, stats=["max"])
    document = json.loads(d.to_json())
    assert document["spec"]["bins"] == 2 and document["spec"]["stats"] == ["max", "histogram"]
    assert [row["histogram"] for row in document["series"]] == [expected, None]
    assert d.to_arrow()["histogram"].to_pylist() == [expected, None]
    assert d.to_polars()["histogram"].to_list()[0] == expected
    assert d.to_pandas(tidy=True)["histogram"].tolist() == [expected, None]
    frame = d.to_pandas()
    assert frame.loc["histogram", "x"] == expected and frame.loc["max", "x"] == 9.0
    by = rstats.describe({"k": [1, 1, 2, 2], **data}, by="k", bins=2, stats=["max"])
    assert by.to_pandas()[("x", "histogram")].tolist()[0]["counts"] == [1, 1]
    assert "▁" in repr(d) or "█" in repr(d)
    html = d._repr_html_()
    assert html.count("<svg") == 1 and 'aria-label="4 values in 2 bins from 1.0 to 9.0, at most 3 in one"' in html
    buffer = io.BytesIO()
    pq.write_table(d.to_arrow(), buffer)
    assert pq.read_table(buffer)["histogram"].to_pylist() == [expected, None]


def test_what_is_wrong_is_said():
    for bins in (0, -1, 65_537, 1 << 70, "many", "-3"):
        with pytest.raises(ValueError, match="bins"):
            rstats.describe([1.0], bins=bins)
    for bins in (1.5, [1, 2], object()):
        with pytest.raises(TypeError, match="bins"):
            rstats.describe([1.0], bins=bins)
    with pytest.raises(ValueError, match="histogram"):
        rstats.describe({"histogram": [1], "x": [2.0]}, by="histogram", bins=3)
    with pytest.raises(ValueError, match="histogram"):
        rstats.rolling([1.0, 2.0], 2, stats=["histogram"])
    with pytest.raises(ValueError, match="fences"):
        rstats.describe([1.0, 2.0], weights=[1, 2], weighting="importances", stats=["fences"])


def test_frequencies_are_values_that_are_there_so_often():
    rng = np.random.default_rng(4)
    asked = ["mean", "fences", "outliers", "histogram"]
    for bins in (4, "auto"):
        for x in (rng.normal(size=300), rng.integers(0, 40, 300), rng.standard_cauchy(300)):
            weights = rng.integers(0, 5, 300)
            found = rstats.describe(x, weights=weights, weighting="frequencies", stats=asked, bins=bins)[0]
            assert found == rstats.describe(np.repeat(x, weights), stats=asked, bins=bins)[0]


def test_streams_have_them():
    a = rstats.Accumulator(stats=["mean", "histogram", "outliers"])
    x = np.random.default_rng(2).normal(size=5000)
    for part in np.array_split(x, 7):
        a.update(part)
    again = rstats.Accumulator.from_bytes(a.to_bytes())
    expected = rstats.describe(x, stats=["mean", "histogram", "outliers"])[0]["histogram"]
    assert a.summary()[0]["histogram"] == expected == again.summary()[0]["histogram"]
    assert expected["counts"] == np.histogram(x)[0].tolist()


def test_pictures_show_the_summary():
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    data = {"x": [1.0, 2.0, 2.5, 3.0, 40.0], "y": [0, 1, 2, 3, 4], "day": ["a"] * 5}
    ax = rstats.describe(data).plot()
    assert [label.get_text() for label in ax.get_xticklabels()] == ["x", "y"]
    drawn = {float(y) for line in ax.lines for y in line.get_ydata()}
    # The quartiles, the whiskers, and the extremum that is beyond its fence.
    assert {1.0, 2.0, 2.5, 3.0, 4.5, 40.0} <= drawn
    axes = rstats.describe(data, bins=4).plot()
    assert [one.get_title() for one in axes] == ["x", "y"]
    patch = axes[0].patches[0].get_data()
    assert patch.values.tolist() == [4, 0, 0, 1] and patch.edges.tolist() == [1.0, 10.75, 20.5, 30.25, 40.0]
    by = rstats.describe({"k": ["a", "a", "b"], "x": [1, 2, 3]}, by="k")
    assert [label.get_text() for label in by.plot("box").get_xticklabels()] == ["x, a", "x, b"]
    _, given = plt.subplots()
    assert rstats.describe(data, bins=4).plot("hist", ax=given) is given
    with pytest.raises(ValueError, match="bins="):
        rstats.describe(data).plot("hist")
    with pytest.raises(ValueError, match="q1 was not asked for"):
        rstats.describe(data, stats=["mean", "min"]).plot("box")
    with pytest.raises(ValueError, match="'box' or 'hist'"):
        rstats.describe(data).plot("pie")
    plt.close("all")
