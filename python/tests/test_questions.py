"""What can be asked, by every route: exact integers and decimals, nulls, weights, rows across columns."""

from __future__ import annotations

import decimal
import itertools
import json
import pickle
from collections.abc import Iterator
from typing import Any

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


def test_rows_are_taken_by_name_and_key() -> None:
    answer = rstats.describe({"qty": [1, 2], "price": [0.5, 1.5]}, stats=["sum"], q=())
    assert answer["qty"]["sum"] == 3 and answer["price"] == answer[1] == answer[-1]
    with pytest.raises(KeyError, match="no column 'qyt'.*did you mean 'qty'"):
        answer["qyt"]
    with pytest.raises(TypeError, match="by its number, by the name"):
        answer[1.5]
    with pytest.raises(IndexError):
        answer[2]
    groups = rstats.describe(
        {"k": ["a", "b", None], "g": [1, 1, 2], "v": [1, 2, 4]}, by=["k", "g"], stats=["sum"], q=()
    )
    assert len(groups["v"]) == 3 and groups["v", "b", 1]["sum"] == 2 and groups["v", None, 2]["sum"] == 4
    with pytest.raises(KeyError, match="no group"):
        groups["v", "z", 1]
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(KeyError, match="2 columns are called 'a'"):
        rstats.describe(twice)["a"]


def test_names_of_other_libraries_are_understood() -> None:
    asked = rstats.describe([1.0, 2.0, 4.0], stats=["std", "var", "count", "50%", "p95"], q=())
    assert list(asked[0])[5:] == ["variance", "stddev", "median", "p95"]
    for options, meant in (
        ({"stats": ["meen"]}, "mean"),
        ({"method": "linera"}, "linear"),
        ({"columns": ["temprature"]}, "temperature"),
        ({"by": "temprature"}, "temperature"),
        ({"weights": "temprature", "weighting": "frequencies"}, "temperature"),
    ):
        with pytest.raises(ValueError, match=f"did you mean '{meant}'"):
            rstats.describe({"temperature": [1.0]}, **options)


def test_answers_are_equal_and_pickled() -> None:
    data = {"k": ["a", None, "a"], "v": [2**53 + 1, 2, 3], "d": [D("1.10"), D("2.20"), None], "f": [0.5, NAN, 1.0]}
    for options in ({}, {"by": "k"}, {"columns": ["v"]}, {"null": "propagate"}, {"ddof": 0, "q": [0.99]}):
        answer = rstats.describe(data, **options)
        again = pickle.loads(pickle.dumps(answer))
        assert again == answer and not again != answer
        assert again.to_dicts().__repr__() == answer.to_dicts().__repr__()
        assert again.to_json() == answer.to_json() and repr(again) == repr(answer)
        assert answer == rstats.describe(data, **options)
        assert answer != rstats.describe(data, **{**options, "ddof": 2})
    assert answer != 1 and (answer == None) is False  # noqa: E711
    with pytest.raises(TypeError, match="unhashable"):
        hash(answer)
    for damaged in (b"", b"rstats", pickle.dumps(answer)):
        with pytest.raises(ValueError, match="no report"):
            rstats.Description._from_bytes(damaged)


def exact_routes(values: list[Any], data_type: pa.DataType) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    asked: dict[str, Any] = {"stats": ["min", "max", "range", "sum", "mode"], "q": ()}
    column = pa.array(values, data_type)
    table = pa.table({"k": [0] * len(values), "x": column})
    yield "array", rstats.describe(column, **asked).to_dicts()
    yield "chunks", rstats.describe(pa.chunked_array([column[:1], column[1:]]), **asked).to_dicts()
    yield "list", rstats.describe(values, **asked).to_dicts()
    yield "groups", rstats.describe(table, by="k", **asked).to_dicts()
    yield "lists", rstats.describe(pa.ListArray.from_arrays([0, len(values)], column), **asked).to_dicts()
    weights = {"weights": [1] * len(values), "weighting": "frequencies"}
    yield "weights", rstats.describe(column, **weights, **asked).to_dicts()
    yield "weighted groups", rstats.describe(table, by="k", **weights, **asked).to_dicts()
    yield "pandas", rstats.describe(pd.Series(column.to_pandas(types_mapper=pd.ArrowDtype)), **asked).to_dicts()
    yield "pickle", pickle.loads(pickle.dumps(rstats.describe(column, **asked))).to_dicts()
    yield "Arrow", pa.table(rstats.describe(column, **asked)).to_pylist()
    if not pa.types.is_decimal256(data_type):
        reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=1))
        yield "stream", rstats.describe(reader, columns="x", **asked).to_dicts()


@pytest.mark.parametrize(
    ("values", "data_type"),
    [
        ([2**53 + 1, 2**53 + 1, 3], pa.int64()),
        ([-(2**63), 2**63 - 1, -(2**63)], pa.int64()),
        ([2**64 - 1, 2**64 - 1, 1], pa.uint64()),
        ([2**31 - 1, 2**31 - 1, -(2**31)], pa.int32()),
        ([D("1.10"), D("1.10"), D("-2.05")], pa.decimal128(10, 2)),
        ([D("12345678901234567890.12"), D("0.01"), D("0.01")], pa.decimal128(38, 2)),
        ([D(10**60 + 1), D(10**60 + 1), D(3)], pa.decimal256(76, 0)),
    ],
    ids=str,
)
def test_integers_and_decimals_are_exact_in_their_own_type(values: list[Any], data_type: pa.DataType) -> None:
    decimal.getcontext().prec = 100
    mode = max(sorted(set(values)), key=lambda value: (values.count(value), -value))
    expected = [min(values), max(values), max(values) - min(values), sum(values), mode]
    kind = type(values[0])
    for route, (row,) in exact_routes(values, data_type):
        found = [row[name] for name in ("min", "max", "range", "sum", "mode")]
        assert found == expected, route
        if route not in ("Arrow", "list"):
            assert all(type(value) is kind for value in found), route
    answer = rstats.describe(pa.array(values, data_type), stats=["min", "sum"], q=())
    (row,) = json.loads(answer.to_json(), parse_float=D)["series"]
    assert D(row["min"]) == min(values) and D(row["sum"]) == sum(values)


def test_the_sum_of_narrow_integers_is_exact_beyond_2_to_53() -> None:
    values = np.full(2**22 + 3, 2**31 - 1, dtype=np.int32)
    (row,) = rows(values)
    assert row["sum"] == (2**22 + 3) * (2**31 - 1) and type(row["sum"]) is int


def test_floats_among_integers_are_floats() -> None:
    answer = rstats.describe({"i": pa.array([2**53 + 1]), "f": [0.5]}, stats=["min"], q=())
    assert [row["min"] for row in answer] == [2**53 + 1, 0.5]
    assert pa.table(answer).column("min").type == pa.float64()
    assert pa.table(rstats.describe({"i": [1], "d": [D("0.5")]}, stats=["min"], q=())).column("min").to_pylist() == [
        D("1.0"),
        D("0.5"),
    ]


def test_nulls_are_skipped_or_propagated_or_refused() -> None:
    holding: list[tuple[Any, dict[str, Any]]] = [
        ([1.0, None, 2.0], {}),
        ({"x": pa.array([1, None])}, {}),
        (pd.DataFrame({"x": [1.0, NAN]}), {}),
        ({"k": ["a", "a"], "x": [1.0, None]}, {"by": "k"}),
        (pa.array([[1.0, None]]), {}),
        (np.ma.array([[1.0], [2.0]], mask=[[False], [True]]), {}),
        ([1.0, None], {"weights": [1, 1], "weighting": "frequencies"}),
        (pa.table({"x": [1.0, None]}).to_reader(), {}),
    ]
    for data, options in holding:
        again = (
            (lambda data=data: pa.table({"x": [1.0, None]}).to_reader()) if hasattr(data, "read_next_batch") else None
        )
        (row,) = rows(again() if again else data, **options)
        assert row["sum"] in (1, 3.0) and row["null_count"] == 1
        (row,) = rows(again() if again else data, null="propagate", **options)
        assert row["sum"] is None and row["null_count"] == 1
        with pytest.raises(ValueError, match='holds 1 null; null="skip"'):
            rows(again() if again else data, null="raise", **options)
    assert rows([1.0, NAN], null="raise", nan="omit")[0]["sum"] == 1.0
    assert rows(pa.array([[1.0], None]), null="raise")[1]["count"] is None
    with pytest.raises(ValueError, match="one of skip, propagate, raise"):
        rows([1.0], null="omit")


def test_the_sum_of_nothing() -> None:
    assert rows([])[0]["sum"] == 0 and rows([None])[0]["sum"] == 0
    assert rows([], min_count=1)[0]["sum"] is None and rows([1.0, 2.0], min_count=2)[0]["sum"] == 3.0
    for count in range(5):
        frame = pd.DataFrame({"k": [1, 1, 2], "x": [1.0, NAN, NAN]})
        expected = frame.groupby("k")["x"].sum(min_count=count).tolist()
        found = [row["sum"] for row in rows(frame, by="k", min_count=count)]
        assert [NAN if value is None else value for value in found] == pytest.approx(expected, nan_ok=True)
    with pytest.raises(ValueError, match="min_count"):
        rows([], min_count=-1)


def test_rows_across_columns() -> None:
    frame = pd.DataFrame({"i": [1, 2], "f": [0.5, NAN], "s": ["x", "y"], "u": np.array([1, 200], dtype="u1")})
    answer = rstats.describe(frame, axis=1, stats=["sum", "max"], q=())
    assert [(row["row"], row["count"], row["sum"]) for row in answer] == [(0, 3, 2.5), (1, 2, 202.0)]
    assert [left["column"] for left in answer.left_out] == ["s"]
    carried = rows(frame, axis=1, by="s")
    assert [(row["s"], row["sum"]) for row in carried] == [("x", 2.5), ("y", 202.0)]
    exact = rows({"a": pa.array([2**60 + 1]), "b": pa.array([D("0.5")], pa.decimal128(5, 1))}, axis=1)
    assert exact[0]["sum"] == 2**60 + D("1.5")
    for data in (pl.from_pandas(frame), pa.Table.from_pandas(frame, preserve_index=False), frame.to_dict("list")):
        assert [row["sum"] for row in rows(data, axis=1)][0] == 2.5
    with pytest.raises(ValueError, match="column 'a' .* does not mix exactly"):
        rows({"a": pa.array([2**60 + 1]), "b": [0.5]}, axis=1)
    # 2^53 is a float, and what is beside it is none: it was rounded to 2^53, and then thought to be one.
    for beyond in (2**53 + 1, -(2**53) - 1):
        with pytest.raises(ValueError, match="column 'a' .* does not mix exactly"):
            rows({"a": pa.array([beyond]), "b": [0.5]}, axis=1)
    assert rows({"a": pa.array([2**53]), "b": [0.5]}, axis=1)[0]["count"] == 2
    with pytest.raises(TypeError, match="there are none"):
        rows({"a": ["x"]}, axis=1)


def test_weights_with_groups_and_axes() -> None:
    rng = np.random.default_rng(5)
    table = {"k": rng.integers(0, 4, 300), "x": rng.normal(size=300), "w": rng.integers(0, 5, 300)}
    asked: dict[str, Any] = {"stats": ["mean", "stddev", "sum"], "q": [0.5], "weighting": "frequencies"}
    answer = rstats.describe(table, by="k", columns="x", weights="w", **asked)
    for row in answer:
        here = table["k"] == row["k"]
        repeated = np.repeat(table["x"][here], table["w"][here])
        alone = rstats.describe(repeated, stats=["mean", "stddev", "sum"], q=[0.5])[0]
        assert [row[n] for n in ("count", "mean", "stddev", "sum", "median")] == [
            alone[n] for n in ("count", "mean", "stddev", "sum", "median")
        ]
    given = rstats.describe({"k": table["k"], "x": table["x"]}, by="k", weights=table["w"], **asked)
    assert given.to_dicts() == answer.to_dicts()
    importances = rng.random(300)
    answer = rstats.describe(
        table, by="k", columns="x", weights=importances, weighting="importances", stats=["mean"], q=()
    )
    for row in answer:
        here = table["k"] == row["k"]
        assert row["mean"] == pytest.approx(np.average(table["x"][here], weights=importances[here]))
    matrix = rng.normal(size=(4, 6))
    for axis in (0, 1):
        weights = rng.integers(1, 4, matrix.shape[axis])
        found = [row["sum"] for row in rows(matrix, axis=axis, weights=weights, weighting="frequencies")]
        assert found == pytest.approx((matrix * np.expand_dims(weights, 1 - axis)).sum(axis=axis))


def test_quantiles_with_importances_are_those_of_numpy() -> None:
    rng = np.random.default_rng(7)
    assert (
        rows([15, 20, 35, 40, 50], weights=[1] * 5, weighting="importances", stats=(), q=[0.4], method="inverted_cdf")[
            0
        ]["p40"]
        == 20
    )
    for _ in range(300):
        count = int(rng.integers(1, 40))
        x = rng.normal(size=count).round(int(rng.integers(0, 6)))
        w = rng.choice([0.1, 0.25, 1.0, 3.0], count) if rng.random() < 0.5 else np.full(count, rng.random() + 0.1)
        q = sorted(set(rng.random(3).round(int(rng.integers(1, 4)))))
        if len(np.unique(x)) < count:
            w = w.round(2) * 4  # the order of ties does not show in these sums
        expected = np.quantile(x, q, weights=w, method="inverted_cdf")
        (row,) = rows(x, weights=w, weighting="importances", stats=(), q=q, method="inverted_cdf")
        assert list(row.values())[5:] == list(expected)


def test_nearest_as_polars_has_it_and_plotting_positions() -> None:
    rng = np.random.default_rng(9)
    for count, p in itertools.product(range(1, 12), (0.0, 0.1, 0.125, 0.25, 0.3, 0.5, 0.625, 0.75, 0.9, 1.0)):
        x = rng.normal(size=count)
        (row,) = rows(x, stats=(), q=[p], method="nearest_half_up")
        assert list(row.values())[-1] == pl.Series(x).quantile(p, "nearest")
        for name, (alphap, betap) in {
            "interpolated_inverted_cdf": (0, 1),
            "hazen": (0.5, 0.5),
            "weibull": (0, 0),
            "median_unbiased": (1 / 3, 1 / 3),
            "normal_unbiased": (3 / 8, 3 / 8),
        }.items():
            (free,) = rows(x, stats=(), q=[p], method=f"alphap={alphap},betap={betap}")
            (named,) = rows(x, stats=(), q=[p], method=name)
            assert free == named
    (row,) = rows([6.0, 47.0, 49.0, 15.0, 42.0], stats=(), q=[0.25, 0.5, 0.75], method="betap=0.4, alphap=0.4")
    # (n + 1 - a - b)·p + a: the third of 1.7 of the way from x1 to x2, the median, and so on.
    assert list(row.values())[5:] == pytest.approx([6 + 9 * 0.7 + 0, 42.0, 47 + 2 * 0.3])
    for wrong in ("alphap=0.4", "alphap=2,betap=0", "alphap=x,betap=0", "alphap=0,alphap=0", "betap=0,gamma=1"):
        with pytest.raises(ValueError, match="plotting position"):
            rows([1.0], method=wrong)
