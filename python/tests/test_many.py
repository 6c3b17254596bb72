"""Many series in one call: every shape gives, series by series, the bits that the same values give alone."""

from __future__ import annotations

import datetime
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import rstats
from hypothesis import given, settings
from hypothesis import strategies as st
from series_that_hurt import KINDS, make
from test_bits import bits

ALL = (
    "min max range sum mean variance stddev sem iqr skewness kurtosis mad mode n_unique n_zero n_negative cv "
    "trimmed_mean"
).split()


def alone(values: Any, **options: Any) -> list[bytes | None]:
    (row,) = rstats.describe(values, **options)
    return [bits(value) for value in list(row.values())[2:]]


def answers(row: dict[str, Any], keys: int) -> list[bytes | None]:
    return [bits(value) for value in list(row.values())[2 + keys :]]


def order(key: Any) -> tuple[bool, Any]:
    """Ascending, NaN after all numbers, null last."""
    if key is None:
        return (True, 0)
    if isinstance(key, float):
        return (False, (math.isnan(key), 0.0 if math.isnan(key) else key))
    return (False, key)


KEYS: dict[str, tuple[pa.DataType, list[Any]]] = {
    "string": (pa.string(), ["b", "a", "", None, "a long key that is more than fifteen bytes", "ab", "a\0"]),
    "large_string": (pa.large_string(), ["x" * 40, "x" * 41, "y", None]),
    "string_view": (pa.string_view(), ["x" * 40, "x" * 41, "y", None]),
    "dictionary": (pa.dictionary(pa.int8(), pa.string()), ["c", "a", None, "b"]),
    "int8": (pa.int8(), [-3, 5, None, 0]),
    "int64": (pa.int64(), [-(2**63), 2**63 - 1, 0, None]),
    "uint64": (pa.uint64(), [2**64 - 1, 0, None]),
    "float": (pa.float64(), [-1.5, 2.0, math.inf, math.nan, None]),
    "bool": (pa.bool_(), [True, False, None]),
    "date": (pa.date32(), [datetime.date(2026, 11, 23), datetime.date(1969, 1, 1), None]),
    "timestamp": (pa.timestamp("us"), [datetime.datetime(2026, 1, 1, 12), datetime.datetime(1960, 1, 1), None]),
    "decimal": (pa.decimal128(20, 2), [Decimal("1.50"), Decimal("-2.25"), None]),
    "binary": (pa.binary(), [b"\xff", b"\x00", None]),
}


@pytest.mark.parametrize("rows", [0, 1, 60, 40_000])
@pytest.mark.parametrize("kind", KEYS)
def test_groups_of_every_type_of_key(kind: str, rows: int) -> None:
    data_type, distinct = KEYS[kind]
    rng = np.random.default_rng(rows)
    places = rng.integers(0, len(distinct), rows)
    keys = pa.array([distinct[place] for place in places], pa.string() if kind == "dictionary" else data_type)
    keys = keys.cast(data_type)
    values = rng.normal(size=rows).round(2)
    mask = rng.random(rows) < 0.1
    table = pa.table({"k": keys, "x": pa.array(values, mask=mask)})
    d = rstats.describe(table, by="k")
    expected = sorted({place for place in places}, key=lambda place: order(distinct[place]))
    assert len(d) == len(expected)
    for row, place in zip(d, expected, strict=True):
        key = row["k"]
        if kind == "float" and isinstance(distinct[place], float) and math.isnan(distinct[place]):
            assert math.isnan(key)
        elif kind != "binary":
            assert key == distinct[place]
        assert answers(row, 1) == alone(table["x"].filter(pa.array(places == place)))
    assert pa.table(d).schema.field("k").type == data_type


@pytest.mark.parametrize("kind", KINDS)
def test_groups_have_the_bits_of_their_values(kind: str) -> None:
    for seed in range(6):
        values = np.array(make(kind, seed)[:3000])
        for groups in (1, 3, len(values) // 2 + 1):
            keys = np.random.default_rng(seed).integers(0, groups, len(values))
            frame = pl.DataFrame({"k": keys, "x": values})
            for row in rstats.describe(frame, by="k", stats=ALL, q=[0.1, 0.5], method="hazen", threads=2):
                expected = alone(values[keys == row["k"]], stats=ALL, q=[0.1, 0.5], method="hazen")
                assert answers(row, 1) == expected, (kind, seed, row["k"])


def keys_of_many_rows(shape: str, rows: int) -> list[pa.Array]:
    """Columns of keys that are dealt out to partitions in every way that there is."""
    rng = np.random.default_rng(11)
    match shape:
        case "spread evenly":
            return [pa.array(rng.integers(-40_000, 40_000, rows))]
        case "all of 64 bits":
            return [pa.array(rng.integers(-(2**63), 2**63 - 1, 3000)[rng.integers(0, 3000, rows)])]
        case "frequent and rare":
            return [pa.array(np.minimum(rng.zipf(1.3, rows), 10**6))]
        case "ten":
            return [pa.array(rng.integers(0, 10, rows).astype(np.int8))]
        case "long text":
            text = np.array(["sensor-of-the-longer-kind-" + "é" * (i % 3) + str(i % 700) for i in range(2100)])
            return [pa.array(text[np.minimum(rng.zipf(1.2, rows), 2100) - 1])]
        case "nulls":
            return [pa.array(rng.integers(0, 900, rows), mask=rng.random(rows) < 0.3)]
        case "nothing but nulls":
            return [pa.nulls(rows, pa.int64())]
        case "floats":
            return [pa.array(rng.choice([0.5, -0.0, 0.0, np.nan, np.inf, 1e300], rows))]
        case "two numbers with nulls":
            return [
                pa.array(rng.integers(0, 30, rows), mask=rng.random(rows) < 0.2),
                pa.array(rng.integers(-9, 9, rows).astype(np.int16), mask=rng.random(rows) < 0.2),
            ]
        case "text and a number":
            return [
                pa.array(rng.choice(["a", "bb", "longer than fifteen"], rows)),
                pa.array(rng.integers(0, 500, rows)),
            ]
        case "128 bits":
            wide = rng.integers(-(2**62), 2**62, 40)
            return [pa.array(wide[rng.integers(0, 40, rows)]) for _ in range(2)]
        case _:
            wide = rng.integers(-(2**63), 2**63 - 1, 9)
            return [pa.array(wide[rng.integers(0, 9, rows)], mask=rng.random(rows) < 0.1) for _ in range(3)]


@pytest.mark.parametrize(
    "shape",
    [
        "spread evenly",
        "all of 64 bits",
        "frequent and rare",
        "ten",
        "long text",
        "nulls",
        "nothing but nulls",
        "floats",
        "two numbers with nulls",
        "text and a number",
        "128 bits",
        "more than 128 bits",
    ],
)
def test_groups_of_many_rows(shape: str) -> None:
    rows = 200_000
    keys = keys_of_many_rows(shape, rows)
    rng = np.random.default_rng(12)
    columns = {
        "x": pa.array(rng.lognormal(size=rows)),
        "y": pa.array(rng.integers(-1000, 1000, rows), mask=rng.random(rows) < 0.2),
        "z": pa.array(rng.random(rows).astype(np.float32)),
    }
    names = [f"k{i}" for i in range(len(keys))]
    table = pa.table([*keys, *columns.values()], names=[*names, *columns])
    description = rstats.describe(table, by=names)
    whole = (
        pl.DataFrame(table.select(names)).with_row_index("row").group_by(names).agg("row").sort(names, nulls_last=True)
    )
    places = whole["row"].to_list()
    assert len(description) == len(columns) * len(places)
    shown = description.to_dicts()
    for series, name in enumerate(columns):
        part = shown[series * len(places) : (series + 1) * len(places)]
        for key in names:
            assert [repr(row[key]) for row in part] == [repr(value) for value in whole[key].to_list()]
        some = rng.choice(len(places), min(40, len(places)), replace=False)
        for group in {0, len(places) - 1, *some.tolist()}:
            alone_row = rstats.describe(columns[name].take(pa.array(places[group])))[0]
            assert answers(description[series * len(places) + group], len(names)) == answers(alone_row, 0), (
                name,
                group,
            )


def test_two_keys_and_several_columns() -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"s": rng.choice(list("abc"), 500), "d": rng.integers(0, 4, 500), "x": rng.normal(size=500)})
    frame["y"] = np.where(rng.random(500) < 0.2, np.nan, frame["x"])  # NaN is pandas' missing value
    description = rstats.describe(frame, by=["s", "d"])
    d = description.to_pandas(tidy=True)
    assert d["column"].tolist() == ["x"] * 12 + ["y"] * 12
    expected = frame.groupby(["s", "d"])[["x", "y"]].describe()
    for name in ("x", "y"):
        ours = d[d["column"] == name].set_index(["s", "d"])
        assert (ours["count"] == expected[name]["count"]).all()
        np.testing.assert_allclose(ours["stddev"], expected[name]["std"], rtol=1e-12)
        np.testing.assert_array_equal(ours["q3"], expected[name]["75%"])
    assert d["null_count"].sum() == frame["y"].isna().sum()
    # As `groupby(...).describe()` has it.
    described = description.to_pandas()
    assert described.index.equals(expected.index) and list(described.columns.unique(0)) == ["x", "y"]
    np.testing.assert_array_equal(described["x"]["q3"], expected["x"]["75%"])


def test_a_level_of_the_index_is_a_key() -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0]}, index=pd.Index(["a", "b", "a"], name="k"))
    assert [row["mean"] for row in rstats.describe(frame, by="k", stats=["mean"], q=())] == [2.0, 2.0]


def test_one_giant_group_beside_tiny_ones() -> None:
    rng = np.random.default_rng(2)
    keys = np.where(rng.random(700_000) < 0.9, 0, rng.integers(1, 50_000, 700_000))
    values = rng.normal(size=700_000)
    table = pa.table({"k": keys, "x": values})
    d = rstats.describe(table, by="k")
    assert answers(d[0], 1) == alone(values[keys == 0])
    assert d.to_arrow().equals(rstats.describe(table, by="k", threads=1).to_arrow())
    chunked = pa.concat_tables([table.slice(0, 5), table.slice(5, 400_000), table.slice(400_005)])
    assert d.to_arrow().equals(rstats.describe(chunked, by="k").to_arrow())


LISTS = st.lists(st.none() | st.lists(st.none() | st.floats(width=64, allow_nan=True), max_size=40), max_size=30)


@given(LISTS, st.sampled_from(["list", "large_list", "list_view"]), st.integers(0, 5))
@settings(max_examples=150, deadline=None)
def test_rows_of_lists(lists: list[list[float | None] | None], layout: str, start: int) -> None:
    types = {"list": pa.list_, "large_list": pa.large_list, "list_view": pa.list_view}
    array = pa.array(lists, types[layout](pa.float64())).slice(start)
    d = rstats.describe(array)
    assert len(d) == len(array)
    for place, (row, values) in enumerate(zip(d, lists[start:], strict=True)):
        assert row["row"] == place
        if values is None:
            assert all(value is None for value in list(row.values())[3:])
        else:
            assert answers(row, 1) == alone(pa.array(values, pa.float64()))


def test_fixed_size_lists_and_what_is_carried_along() -> None:
    table = pa.table({"id": ["a", "b", "c"], "v": pa.array([[1, 2], None, [3, 5]], pa.list_(pa.int32(), 2))})
    d = rstats.describe(table, columns="v", by="id", stats=["sum"], q=())
    assert [(row["id"], row["row"], row["count"], row["sum"]) for row in d] == [
        ("a", 0, 2, 3.0),
        ("b", 1, None, None),
        ("c", 2, 2, 8.0),
    ]
    with pytest.raises(TypeError, match="holds no numbers"):
        rstats.describe(pa.array([["a"]]))


@pytest.mark.parametrize("dtype", ["f8", ">f8", "f4", "i8", ">i2", "u4"])
def test_arrays_of_every_layout(dtype: str) -> None:
    rng = np.random.default_rng(4)
    cube = rng.integers(0, 100, (7, 12, 5)).astype(dtype)
    layouts = [cube, np.asfortranarray(cube), cube[::-1, ::2], cube.transpose(2, 0, 1), cube[:, :, ::-1]]
    for array in layouts:
        array.flags.writeable = False
        for axis in (0, 1, 2, -1):
            d = rstats.describe(array, axis=axis, stats=["sum", "max"], q=[0.5])
            moved = np.moveaxis(array, axis, -1).reshape(-1, array.shape[axis])
            assert len(d) == len(moved)
            for row, series in zip(d, moved, strict=True):
                assert (row["sum"], row["max"], row["median"]) == (series.sum(), series.max(), np.median(series))


def test_a_mask_is_nulls_in_every_dimension() -> None:
    data = np.ma.masked_array(np.arange(24.0).reshape(4, 6), mask=np.arange(24).reshape(4, 6) % 5 == 0)
    for axis in (0, 1):
        for row, series in zip(rstats.describe(data, axis=axis), np.moveaxis(data, axis, -1), strict=True):
            assert row["null_count"] == series.mask.sum() and row["mean"] == series.mean()


def test_columns_by_pattern_and_type() -> None:
    import re

    table = pa.table({"a_x": [1.0], "a_y": pa.array([1], pa.int8()), "b_x": pa.array([1.0], pa.float32()), "t": [True]})

    def chosen(columns: Any, data: Any = table) -> list[str]:
        return [row["column"] for row in rstats.describe(data, columns=columns)]

    assert chosen(re.compile("^a_")) == ["a_x", "a_y"]
    assert chosen(float) == ["a_x", "b_x"] and chosen(int) == ["a_y"] and chosen(bool) == ["t"]
    assert chosen(pa.float32()) == chosen(np.float32) == chosen(np.dtype("f4")) == chosen(pl.Float32) == ["b_x"]
    assert chosen(["t", re.compile("y$")]) == ["a_y", "t"]
    for data in (table.to_pandas(), pl.from_arrow(table), table.to_pydict()):
        assert chosen(re.compile("_x$"), data) == ["a_x", "b_x"]
    for label in (3, 3.5, ("a_x", 1)):
        with pytest.raises(ValueError, match="no column '"):
            rstats.describe(table, columns=label)
    for label in (object(), [None], True):
        with pytest.raises(TypeError, match="columns is a name"):
            rstats.describe(table, columns=label)
    with pytest.raises(ValueError, match="no column 'z'"):
        rstats.describe(table, columns=["a_x", "z"])


def test_a_hundred_thousand_columns() -> None:
    names = [f"c{i}" for i in range(100_000)]
    table = pa.table([pa.array([1.0, 2.0])] * len(names), names=names)
    d = rstats.describe(table, columns=names[::2], stats=["mean"], q=())
    assert len(d) == 50_000 and d[1]["column"] == "c2" and d[-1]["mean"] == 1.5


@given(
    st.lists(st.tuples(st.floats(-1e9, 1e9), st.integers(0, 6)), min_size=1, max_size=30).filter(
        lambda pairs: any(weight for _, weight in pairs)
    )
)
@settings(max_examples=200, deadline=None)
def test_frequencies_are_repetitions(pairs: list[tuple[float, int]]) -> None:
    values = [value for value, _ in pairs]
    weights = [weight for _, weight in pairs]
    repeated = [value for value, weight in pairs for _ in range(weight)]
    options: dict[str, Any] = {
        "stats": [*ALL, "mean_ci", "geometric_mean", "harmonic_mean"],
        "q": [0.1, 0.25, 0.5, 0.9],
    }
    weighted = alone(values, weights=weights, weighting="frequencies", **options)
    assert weighted == alone(repeated, **options)


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0, 1e3)), min_size=1, max_size=20))
@settings(max_examples=200, deadline=None)
def test_importances_against_exact_rationals(pairs: list[tuple[float, float]]) -> None:
    from fractions import Fraction

    from test_bits import nearest, nearest_root

    exact = [(Fraction(value), Fraction(weight)) for value, weight in pairs if weight > 0]
    total = sum((weight for _, weight in exact), Fraction(0))
    values, weights = [value for value, _ in pairs], [weight for _, weight in pairs]
    options: dict[str, Any] = {"weights": weights, "weighting": "importances", "method": "inverted_cdf"}
    if total == 0:
        with pytest.raises(ValueError, match="add up to 0"):
            rstats.describe(values, **options)
        return
    (row,) = rstats.describe(values, stats=["sum", "mean", "variance", "stddev"], q=[0.3, 0.5], **options)
    mean = sum((x * w for x, w in exact), Fraction(0)) / total
    assert row["sum"] == nearest(mean * total) and row["mean"] == nearest(mean)
    divisor = total - sum((w * w for _, w in exact), Fraction(0)) / total
    if divisor > 0:
        variance = sum((w * (x - mean) ** 2 for x, w in exact), Fraction(0)) / divisor
        assert (row["variance"], row["stddev"]) == (nearest(variance), nearest_root(variance))
    else:
        assert row["variance"] is None
    # NumPy adds the weights up in floats, and so do we: a weight of 1e-38 beside 1 decides nothing.
    for p, name in ((0.3, "p30"), (0.5, "median")):
        assert row[name] == np.quantile(values, p, method="inverted_cdf", weights=weights)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": [1, 1]}, "frequencies"),
        ({"weights": [1, 1], "weighting": "odd"}, "not 'odd'"),
        ({"weighting": "frequencies"}, "weights= is not"),
        ({"weights": [1, -1], "weighting": "frequencies"}, "row 1 .* is -1.0"),
        ({"weights": [1, 0.5], "weighting": "frequencies"}, "whole numbers"),
        ({"weights": [1, math.nan], "weighting": "importances"}, "row 1 .* is NaN"),
        ({"weights": [0, 0], "weighting": "importances"}, "add up to 0"),
        ({"weights": [1, 1, 1], "weighting": "frequencies"}, "2 rows, and there are 3 weights"),
        ({"weights": [1, 1], "weighting": "importances"}, "inverted_cdf"),
        ({"weights": [1, 1], "weighting": "importances", "stats": ["skewness"], "q": ()}, "'skewness' is not defined"),
    ],
)
def test_wrong_weights(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rstats.describe([1.0, 2.0], **options)


def test_weights_of_a_table() -> None:
    table = pa.table({"x": [1.0, 2.0, 3.0], "w": [1, 0, 3]})
    (row,) = rstats.describe(table, weights="w", weighting="frequencies", stats=["mean"])
    assert (row["column"], row["count"], row["mean"]) == ("x", 4, 2.5)


@pytest.mark.parametrize(
    ("data", "options", "error", "message"),
    [
        ({"k": [1], "x": [1.0]}, {"by": "z"}, ValueError, "no column 'z'"),
        ({"mean": [1], "x": [1.0]}, {"by": "mean"}, ValueError, "a key is named 'mean'"),
        ({"k": [1], "x": [1.0]}, {"by": ["k", "k"]}, ValueError, "given twice"),
        ({"k": [1], "x": [1.0]}, {"by": []}, ValueError, "by= is empty"),
        ([1.0], {"by": "k"}, ValueError, "the data is no table"),
        ({"k": [1], "x": [1.0, 2.0]}, {"by": "k"}, ValueError, "2 rows, and the keys have 1"),
    ],
)
def test_wrong_keys(data: Any, options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        rstats.describe(data, **options)


def test_nested_keys_are_keys() -> None:
    lists = pa.table({"k": [[2], [1, 5], None, [1, 5]], "x": [1.0, 2.0, 4.0, 8.0]})
    assert [row["sum"] for row in rstats.describe(lists, by="k", stats=["sum"], q=())] == [10.0, 1.0, 4.0]
    structs = pa.table({"k": [{"a": 2, "b": "x"}, {"a": 1, "b": "y"}, {"a": 2, "b": "x"}], "x": [1.0, 2.0, 4.0]})
    answer = rstats.describe(structs, by="k", stats=["sum"], q=())
    assert [row["sum"] for row in answer] == [2.0, 5.0]
    assert pa.table(answer).column("k").to_pylist() == [{"a": 1, "b": "y"}, {"a": 2, "b": "x"}]
    maps = pa.table(
        {"k": pa.array([[("a", 1)], [("a", 1)], None], pa.map_(pa.string(), pa.int64())), "x": [1.0, 2.0, 4.0]}
    )
    assert [row["sum"] for row in rstats.describe(maps, by="k", stats=["sum"], q=())] == [3.0, 4.0]


def test_json_of_groups_and_lists_follows_the_schema() -> None:
    import json
    from pathlib import Path

    import jsonschema

    schema = json.loads((Path(__file__).parents[2] / "schemas/describe-2.json").read_text(encoding="utf-8"))
    table = pa.table(
        {
            "day": pa.array([datetime.date(2026, 11, 1), None], pa.date32()),
            "id": [2**60, 1],
            "price": pa.array([Decimal("1.50"), Decimal("2.00")], pa.decimal128(9, 2)),
            "at": pa.array([datetime.datetime(2026, 1, 1), None], pa.timestamp("us", "Europe/Berlin")),
            "x": [1.0, math.inf],
            "v": [[1.0], None],
        }
    )
    groups = json.loads(rstats.describe(table, by=["day", "id", "price", "at"], columns="x").to_json())
    lists = json.loads(rstats.describe(table, columns="v", stats=["n_unique"]).to_json())
    for document in (groups, lists):
        jsonschema.validate(document, schema)
    first = {"day": "2026-11-01", "id": str(2**60), "price": "1.50", "at": "2026-01-01T00:00:00+00:00"}
    assert groups["series"][0]["by"] == first
    assert groups["series"][1]["by"]["day"] is None and groups["series"][1]["max"] == "Infinity"
    assert lists["series"][0]["n_unique"] == 1 and lists["series"][1]["count"] is None
