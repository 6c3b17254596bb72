"""Objects of Python and pandas as values and keys: times, decimals, wide integers, categories."""

from __future__ import annotations

import datetime
import decimal
import pickle
import uuid
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import rstats

D = decimal.Decimal
NAN = float("nan")


def rows(data: Any, **options: Any) -> list[dict[str, Any]]:
    return rstats.describe(data, **{"stats": ["sum"], "q": (), **options}).to_dicts()


@pytest.mark.parametrize(
    "keys",
    [
        pa.array([2**62, 2**62 + 1], pa.timestamp("s")),
        pa.array([2**62, 2**62 + 1], pa.duration("s")),
        pa.array([2**31 - 1, 2**31 - 2], pa.date32()),
        duckdb.sql("select unnest(['infinity'::timestamp, '-infinity'::timestamp]) k").to_arrow_table().column("k"),
    ],
    ids=str,
)
def test_keys_beyond_the_calendar_are_themselves(keys: Any) -> None:
    answer = rstats.describe(pa.table({"k": keys, "v": [1, 2]}), by="k", stats=["sum"], q=())
    assert pa.table(answer).column("k").type == keys.type
    ticks = sorted(keys.cast(pa.int64() if keys.type.bit_width == 64 else pa.int32()).to_pylist())
    assert (
        pa.table(answer).column("k").cast(pa.int64() if keys.type.bit_width == 64 else pa.int32()).to_pylist() == ticks
    )
    texts = [str(row["k"]) for row in answer]
    assert len(set(texts)) == 2 and not any("rror" in text for text in texts)


@pytest.mark.parametrize(
    "missing",
    [None, NAN, pd.NA, pd.NaT, D("NaN"), np.float32("nan"), np.datetime64("NaT"), np.timedelta64("NaT")],
    ids=repr,
)
def test_every_missing_value_of_pandas_is_null(missing: Any) -> None:
    frame = pd.DataFrame({"a": pd.Series([1, missing, 2.5], dtype=object)})
    (row,) = rows(frame)
    assert (row["count"], row["null_count"], row["nan_count"], row["sum"]) == (2, 1, 0, 3.5)
    booleans = pd.DataFrame({"b": pd.Series([True, missing, True], dtype=object)})
    answer = rstats.describe(booleans, stats=["sum"], q=())
    (row,) = answer
    assert (row["kind"], row["count"], row["null_count"], row["n_true"]) == ("boolean", 2, 1, 2)
    (row,) = rows(booleans, columns="b")
    assert (row["count"], row["null_count"], row["sum"]) == (2, 1, 2)


MIDNIGHT = datetime.datetime(2026, 1, 1, 5)


TIMES: dict[str, Any] = {
    "dates": datetime.date(2026, 1, 1),
    "datetimes without a zone": MIDNIGHT,
    "datetimes with a zone": MIDNIGHT.replace(tzinfo=datetime.UTC),
}


@pytest.mark.parametrize("one", TIMES)
@pytest.mark.parametrize("other", TIMES)
def test_times_of_two_sorts_are_never_made_one(one: str, other: str) -> None:
    """pyarrow makes dates of datetimes after a date, and takes those without a zone for UTC after one with a zone."""
    values = [None, TIMES[one], None, TIMES[other]]
    for data in ({"at": values}, pd.DataFrame({"at": pd.Series(values, dtype=object)})):
        found = rstats.describe(data, stats=["max"], q=()).to_dicts()[0]
        assert (found["kind"], found["count"], found["null_count"]) == ("time" if one == other else "other", 2, 2)
        acc = rstats.Accumulator(stats=["max"], q=()).update(data)
        assert acc.summary().to_dicts() == [found]
    keyed = {"at": values, "x": [1, 2, 3, 4]}
    if one == other:
        assert len(rstats.describe(keyed, by="at")) == 2
        return
    with pytest.raises(TypeError, match=f"'at' holds {one} and {other}; give its values one type"):
        rstats.describe(keyed, by="at")


def test_decimals_after_missing_values_keep_their_digits() -> None:
    money = [decimal.Decimal("0.10"), decimal.Decimal("123456789012345678.91"), decimal.Decimal("1E+3")]
    expected = rstats.describe([*money, None, None], stats=["max", "sum", "mode"], q=()).to_dicts()[0]
    assert expected["sum"] == sum(money) and isinstance(expected["sum"], decimal.Decimal)
    for values in ([None, None, *money], [None, money[0], None, *money[1:]]):
        for data in (values, {"x": values}, pd.Series(values, dtype=object), pd.DataFrame({"x": values})):
            found = rstats.describe(data, stats=["max", "sum", "mode"], q=()).to_dicts()[0]
            assert str(found | {"column": None}) == str(expected)
        acc = rstats.Accumulator(stats=["max", "sum", "mode"], q=()).update(values).summary().to_dicts()
        assert str(acc[0]) == str(expected)
    # A float makes all of them floats, whatever is missing before.
    assert rstats.describe([None, 0.5, money[0]], stats=["max"], q=())[0]["max"] == 0.5


def test_integers_too_wide_for_us_are_named() -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0], "wide": pd.Series([10**77, 1], dtype=object)})
    answer = rstats.describe(frame)
    assert [row["column"] for row in answer] == ["x"]
    assert answer.left_out == [{"column": "wide", "reason": "the integer at position 0 has more than 76 digits"}]
    with pytest.raises(ValueError, match="column 'wide': the integer at position 0 has more than 76 digits"):
        rstats.describe(frame, columns="wide")
    with pytest.raises(ValueError, match="column 'a': the integer at position 1"):
        rstats.describe({"a": [1, 10**5000]})


@pytest.mark.parametrize("code", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "?"])
def test_keys_keep_their_type(code: str) -> None:
    keys = np.array([1, 0, 1], dtype=code)
    frame = pd.DataFrame({"k": keys, "v": [1, 2, 4]})
    for data in ({"k": keys, "v": [1, 2, 4]}, frame, pa.table({"k": keys, "v": [1, 2, 4]})):
        answer = rstats.describe(data, by="k", stats=["sum"], q=())
        assert pa.table(answer).column("k").type == pa.from_numpy_dtype(keys.dtype)
        assert answer.to_pandas(tidy=True)["k"].dtype == keys.dtype
        assert [row["sum"] for row in answer] == [2, 5]


KEY_OBJECTS: dict[str, tuple[Any, str]] = {
    "period": (pd.period_range("2024-01", periods=3, freq="M"), "2024-01"),
    "interval": (pd.interval_range(0, 3), "(0, 1]"),
    "zone": (pd.date_range("2024-01-01", periods=3, tz="Europe/Berlin"), "2023-12-31T23:00:00+00:00"),
    "timedelta": (pd.to_timedelta([1, 2, 3], unit="s"), "PT1S"),
    "categories": (pd.Categorical(["a", "b", "c"]), "a"),
    "nanoseconds": (pd.date_range("2024-01-01", periods=3).as_unit("ns"), "2024-01-01T00:00:00"),
    "cut": (pd.cut([1, 3, 5], [0, 2, 4, 6]), "(0, 2]"),
    "quarters": (pd.period_range("2024Q1", periods=3, freq="Q").astype("category"), "2024Q1"),
}


@pytest.mark.parametrize("name", KEY_OBJECTS)
def test_keys_of_pandas_come_back_as_they_are(name: str) -> None:
    keys, shown = KEY_OBJECTS[name]
    frame = pd.DataFrame({"k": keys, "v": [1, 2, 4]})
    answer = rstats.describe(frame, by="k", stats=["sum"], q=())
    tidy = answer.to_pandas(tidy=True)
    expected = frame.groupby("k", observed=True)["v"].sum()
    assert tidy["sum"].tolist() == expected.tolist()
    if name in ("cut", "quarters"):  # what the categories are
        assert tidy["k"].dtype == frame["k"].cat.categories.dtype
    else:
        assert tidy["k"].dtype.kind == frame["k"].dtype.kind
        assert list(tidy["k"].astype(frame["k"].dtype)) == list(frame["k"])
    assert f'"k": "{shown}"' in answer.to_json() and shown in repr(answer) + answer.to_json()
    # The index is that of `groupby`.
    assert [str(key) for key in answer.to_pandas().index] == [str(key) for key in expected.index]
    assert pickle.loads(pickle.dumps(answer)) == answer
    assert pickle.loads(pickle.dumps(answer)).to_json() == answer.to_json()


def test_keys_are_objects_of_python() -> None:
    unique = [uuid.UUID(int=2), uuid.UUID(int=1)]
    cases: list[tuple[Any, list[Any]]] = [
        (unique, sorted(unique)),
        ([b"b", b"a"], [b"a", b"b"]),
        (
            [datetime.timedelta(seconds=2), datetime.timedelta(0)],
            [datetime.timedelta(0), datetime.timedelta(seconds=2)],
        ),
        ([D("1.50"), D("-2.25")], [D("-2.25"), D("1.50")]),
        (
            [datetime.date(2024, 1, 2), datetime.date(2024, 1, 1)],
            [datetime.date(2024, 1, 1), datetime.date(2024, 1, 2)],
        ),
        ([datetime.time(2), None], [datetime.time(2), None]),
        ([{"a": 1}, {"a": 0}], [{"a": 0}, {"a": 1}]),
        ([[2], [1, 5]], [[1, 5], [2]]),
        (np.array(["2024-01-02", "2024-01-01"], "M8[D]"), [datetime.date(2024, 1, d) for d in (1, 2)]),
        (np.array(["b", "a"]), ["a", "b"]),
    ]
    for keys, expected in cases:
        keys = keys if isinstance(keys, np.ndarray) else pa.array(keys)
        answer = rstats.describe({"k": keys, "v": [1, 2]}, by="k", stats=["sum"], q=())
        assert [row["k"] for row in answer] == expected
        assert answer["v", expected[0]]["sum"] == answer[0]["sum"]


def test_ordered_categories_keep_their_order() -> None:
    levels = ["low", "middle", "high"]
    keys = ["high", "low", "middle", "low"]
    ordered = pd.Categorical(keys, levels, ordered=True)
    made: list[Any] = [
        pd.DataFrame({"k": ordered, "v": range(4)}),
        pl.DataFrame({"k": pl.Series(keys, dtype=pl.Enum(levels)), "v": range(4)}),
        pl.DataFrame({"k": pl.Series(keys, dtype=pl.Enum(levels)), "v": range(4)}).lazy(),
        {"k": ordered, "v": range(4)},
        pa.table({"k": pa.DictionaryArray.from_arrays([2, 0, 1, 0], levels, ordered=True), "v": range(4)}),
        duckdb.sql(
            "select k::enum('low', 'middle', 'high') k, v "
            "from (values ('high', 0), ('low', 1), ('middle', 2), ('low', 3)) t(k, v)"
        ),
    ]
    for data in made:
        answer = rstats.describe(data, by="k", stats=["sum"], q=())
        assert [(row["k"], row["sum"]) for row in answer] == [("low", 4), ("middle", 2), ("high", 0)]
        assert pa.table(answer).column("k").type.ordered
    assert answer.to_pandas(tidy=True)["k"].cat.ordered
    # What has no order of its own is in that of its values.
    plain = rstats.describe(
        pd.DataFrame({"k": pd.Categorical(keys, levels), "v": range(4)}), by="k", stats=["sum"], q=()
    )
    assert [row["k"] for row in plain] == ["high", "low", "middle"]


def test_levels_of_the_index_are_keys() -> None:
    index = pd.MultiIndex.from_tuples([("u", 1), ("v", 1), ("u", 2)], names=["name", None])
    frame = pd.DataFrame({"v": [1, 2, 4]}, index=index)
    for label in ("name", 0, -2):
        assert [(row["name"], row["sum"]) for row in rows(frame, by=label)] == [("u", 5), ("v", 2)]
    assert [(row["level_1"], row["sum"]) for row in rows(frame, by=1)] == [(1, 3), (2, 4)]
    assert len(rows(frame, by=[0, 1])) == 3
    with pytest.raises(ValueError, match="no column"):
        rows(frame, by=2)
