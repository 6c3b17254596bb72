"""Files whose columns of one name differ: in what they are, in what they are called, in what can be asked of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import rstats

X = [1.0, 2.0, 3.0]
STRUCT = pa.array([{"x": 1.0}, {"x": 5.0}, None])
LISTS = pa.array([[1.0], [2.0, 3.0], None])


def lay(folder: Path, *columns: dict[str, Any]) -> Path:
    for number, of_file in enumerate(columns):
        pq.write_table(pa.table({**of_file, "w": X}), folder / f"{number}.parquet")
    return folder


def columns(found: rstats.Description) -> list[str]:
    return [row["column"] for row in found.to_dicts()]


@pytest.mark.parametrize("is_first", [True, False])
def test_a_column_without_values_goes_together_with_anything(tmp_path: Path, is_first: bool) -> None:
    nothing = {"v": pa.nulls(3)}
    for name, values, wanted, count in (
        ("number", pa.array(X), "v", 3),
        ("struct", STRUCT, "v.x", 2),
        ("lists", LISTS, "v.list.element", 3),
    ):
        folder = tmp_path / name
        folder.mkdir()
        both = [nothing, {"v": values}] if is_first else [{"v": values}, nothing]
        lay(folder, *both)
        for on_error in ("fail", "skip"):
            found = rstats.describe_parquet(folder, columns=wanted, on_error=on_error)
            assert (found[wanted]["count"], found.errors) == (count, [])
            found = rstats.describe_parquet(folder, on_error=on_error)
            assert sorted(columns(found)) == {"number": ["v", "w"], "struct": ["v.x", "w"], "lists": ["v", "w"]}[name]
            assert (found["w"]["count"], found.left_out) == (6, [])


@pytest.mark.filterwarnings("ignore:.*left out")
@pytest.mark.parametrize(
    "asked",
    [
        {"columns": "v.x"},
        {"columns": ["w", "v"]},
        {"columns": "w", "by": "v.x"},
        {"columns": "w", "by": "v"},
        {"columns": "w", "where": "v.x > 1"},
        {"columns": "w", "where": "v.x is null or v.x > 1"},
        {},
    ],
)
@pytest.mark.parametrize("other", [pa.array(X), pa.array(["a", "b", "c"]), LISTS])
def test_a_struct_is_nothing_else_in_another_file(tmp_path: Path, asked: dict[str, Any], other: pa.Array) -> None:
    lay(tmp_path, {"v": STRUCT}, {"v": other})
    with pytest.raises(
        ValueError, match=r"column 'v' is of type struct<x: float64> in .*0\.parquet, but (float64|string|list)"
    ):
        rstats.describe_parquet(tmp_path, **asked)
    found = rstats.describe_parquet(tmp_path, on_error="skip", **asked)
    assert [Path(error["file"]).name for error in found.errors] == ["1.parquet"]
    assert found.to_dicts() == rstats.describe_parquet(tmp_path / "0.parquet", **asked).to_dicts()


@pytest.mark.filterwarnings("ignore:.*left out")
def test_lists_are_no_numbers_in_another_file(tmp_path: Path) -> None:
    lay(tmp_path, {"v": LISTS}, {"v": X})
    with pytest.raises(ValueError, match=r"column 'v' is of type list<float64> in .*0\.parquet, but float64"):
        rstats.describe_parquet(tmp_path, columns="v.list.element")
    found = rstats.describe_parquet(tmp_path, columns="v.list.element", on_error="skip")
    assert (found["v.list.element"]["count"], len(found.errors)) == (3, 1)


def test_values_of_lists_go_together_however_a_file_spells_the_way_to_them(tmp_path: Path) -> None:
    pq.write_table(pa.table({"v": LISTS}), tmp_path / "0.parquet", use_compliant_nested_type=True)
    item = pa.list_(pa.field("item", pa.float64()))
    pq.write_table(pa.table({"v": LISTS.cast(item)}), tmp_path / "1.parquet", use_compliant_nested_type=False)
    assert [column.path for column in map(pq.read_metadata(tmp_path / "1.parquet").schema.column, [0])] == [
        "v.list.item"
    ]
    for name in ("v.list.element", "v.list.item"):
        found = rstats.describe_parquet(tmp_path, columns=name)
        assert columns(found) == ["v.list.element"]
        assert (found["v.list.element"]["count"], found["v.list.element"]["mean"]) == (6, 2.0)


@pytest.mark.filterwarnings("ignore:.*left out")
@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("v > 1", "column 'v' is text; compare it with"),
        ("v", "column 'v' is of type string; on its own it would have to be boolean"),
        ("v between 1 and 2", "column 'v' is text"),
    ],
)
def test_a_file_that_a_predicate_does_not_fit_is_left_out(tmp_path: Path, where: str, message: str) -> None:
    good = {"v": [True, False, True]} if where == "v" else {"v": X}
    lay(tmp_path, good, {"v": ["a", "b", "c"]}, good)
    with pytest.raises(ValueError, match=message):
        rstats.describe_parquet(tmp_path, columns="w", where=where)
    found = rstats.describe_parquet(tmp_path, columns="w", where=where, on_error="skip")
    assert [Path(error["file"]).name for error in found.errors] == ["1.parquet"]
    assert message in found.errors[0]["message"]
    assert "1.parquet" not in found.errors[0]["message"]
    assert found["w"]["count"] == 4
    # What fits no file is wrong itself.
    with pytest.raises(ValueError, match="column 'w' is numeric"):
        rstats.describe_parquet(tmp_path, where="w = 'a'", on_error="skip")


@pytest.mark.filterwarnings("ignore:.*left out")
def test_a_file_fits_those_that_are_left(tmp_path: Path) -> None:
    lay(tmp_path, {"v": X}, {"v": ["a", "b", "c"]}, {"v": ["a", "a", "b"]})
    found = rstats.describe_parquet(tmp_path, where="v = 'a'", on_error="skip")
    assert [Path(error["file"]).name for error in found.errors] == ["0.parquet"]
    assert (columns(found), found["w"]["count"], found["v"]["count"]) == (["w", "v"], 3, 3)


def test_a_struct_is_a_key_as_in_memory(tmp_path: Path) -> None:
    table = pa.table(
        {"s": [{"a": 1, "b": "x"}, {"a": 1, "b": None}, {"a": 1, "b": "x"}, None], "v": [1.0, 2.0, 4.0, 8.0]}
    )
    pq.write_table(table, tmp_path / "0.parquet")
    pq.write_table(table.slice(1), tmp_path / "1.parquet")
    found = rstats.describe_parquet(tmp_path, by="s", q=[])
    expected = rstats.describe(pa.concat_tables([table, table.slice(1)]), by="s", q=[])
    assert found.to_dicts() == expected.to_dicts()
    assert [row["count"] for row in found.to_dicts()] == [3, 2, 2]
    found = rstats.describe_parquet(tmp_path, by=["s.b", "s.a"], columns="v")
    assert [(row["s.b"], row["count"]) for row in found.to_dicts()] == [("x", 3), (None, 2), (None, 2)]


def test_nested_floats_have_one_zero_and_one_nan(tmp_path: Path) -> None:
    nans = np.array([0x7FF8000000000000, 0xFFF8000000000001], dtype=np.uint64).view(float)
    floats = [0.0, -0.0, *nans, 1.0]
    inner = pa.array(floats)
    lists = pa.ListArray.from_arrays([0, 1, 2, 3, 4, 5], inner)
    for keys in (
        pa.StructArray.from_arrays([inner], ["a"]),
        lists,
        pa.FixedSizeListArray.from_arrays(inner, 1),
        pa.StructArray.from_arrays([lists, pa.array([1] * 5)], ["l", "n"]),
    ):
        for order in ([0, 1, 2, 3, 4], [1, 0, 3, 2, 4]):
            table = pa.table({"k": keys.take(pa.array(order)), "x": [1.0] * 5})
            pq.write_table(table, tmp_path / "t.parquet")
            found = [rstats.describe(table, by="k", stats=["sum"], q=())]
            if pa.types.is_struct(keys.type) and not pa.types.is_list(keys.type.field(0).type):
                found.append(rstats.describe_parquet(tmp_path / "t.parquet", by="k", stats=["sum"], q=()))
            for answer in found:
                answer = pa.table(answer)
                assert answer["sum"].to_pylist() == [2.0, 1.0, 2.0]
                # Which zero is shown does not depend on the order.
                assert "-0.0" not in str(answer["k"].to_pylist())


def test_a_dot_in_the_name_of_a_column_is_no_struct(tmp_path: Path) -> None:
    pq.write_table(pa.table({"s": ["a", "b", "a"], "s.x": X, "t": [{"y": 1.0}] * 3}), tmp_path / "0.parquet")
    assert columns(rstats.describe_parquet(tmp_path, by="s")) == ["s.x", "s.x", "t.y", "t.y"]
    assert columns(rstats.describe_parquet(tmp_path, by="t")) == ["s.x", "s"]


@pytest.mark.filterwarnings("ignore:.*left out")
@pytest.mark.parametrize("asked", [{"by": "a.b"}, {"where": "a.b > 1"}])
def test_a_name_of_several_columns_is_no_key_and_in_no_predicate(tmp_path: Path, asked: dict[str, str]) -> None:
    pq.write_table(pa.table({"a": [{"b": 1}], "a.b": [7], "w": [1.0]}), tmp_path / "0.parquet")
    pq.write_table(pa.table({"a.b": [7], "w": [2.0]}), tmp_path / "1.parquet")
    with pytest.raises(OSError, match=r"0\.parquet: 2 columns are named 'a\.b'"):
        rstats.describe_parquet(tmp_path, columns="w", **asked)
    found = rstats.describe_parquet(tmp_path, columns="w", on_error="skip", **asked)
    assert [(row["count"], row["mean"]) for row in found.to_dicts()] == [(1, 2.0)]
    # Both are described, as two columns of one name in memory.
    assert columns(rstats.describe_parquet(tmp_path / "0.parquet", columns="a.b")) == ["a.b", "a.b"]


def test_a_part_of_a_name_may_stand_in_quotes(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a b": [{"c": 1, "not": 2}, {"c": 3, "not": 4}], "x": [1.0, 2.0]}), tmp_path / "0.parquet")
    for where in ('"a b"."c" > 1', '"a b".c > 1', '"a b.c" > 1', '"a b"."not" = 4'):
        assert rstats.describe_parquet(tmp_path, columns="x", where=where)["x"]["mean"] == 2.0, where


@pytest.mark.parametrize("memory_limit", ["80MiB", None])
def test_nulls_that_are_an_error_are_told_of_their_series(tmp_path: Path, memory_limit: str | None) -> None:
    table = pa.table({"k": [1, 1, 2, 2], "whole": [1.0] * 4, "v": [1.0, None, 3.0, None]})
    lay(tmp_path, {})
    (tmp_path / "0.parquet").unlink()
    for number in range(2):
        pq.write_table(table, tmp_path / f"{number}.parquet")
    for by in ("k", ["k", "whole"]):
        wanted = {"by": by, "columns": "v", "null": "raise"}
        with pytest.raises(ValueError, match="column 'v' holds 4 nulls"):
            rstats.describe_parquet(tmp_path, memory_limit=memory_limit, **wanted)
        with pytest.raises(ValueError, match="column 'v' holds 4 nulls"):
            rstats.describe(pa.concat_tables([table, table]), **wanted)


def test_paths_without_a_name(tmp_path: Path) -> None:
    lay(tmp_path, {})
    for paths in ("", [tmp_path, ""]):
        with pytest.raises(ValueError, match="a path is empty"):
            rstats.describe_parquet(paths)
    for by in (None, "w"):
        with pytest.raises(ValueError, match="the checkpoint's folder is an empty path"):
            rstats.describe_parquet(tmp_path, checkpoint="", by=by, columns="w")


@pytest.mark.filterwarnings("ignore:.*left out")
def test_where_no_file_is_left_that_is_told(tmp_path: Path) -> None:
    (tmp_path / "0.parquet").write_bytes(b"nothing")
    assert rstats.describe_parquet(tmp_path, on_error="skip").to_dicts() == []
    for asked in ({"columns": "x"}, {"by": "x"}, {"where": "x > 0"}):
        with pytest.raises(ValueError, match=r"no file is left of 1; .*0\.parquet: "):
            rstats.describe_parquet(tmp_path, on_error="skip", **asked)


def test_short_files_fit_into_a_small_limit(tmp_path: Path) -> None:
    decimals = pa.array(range(15), pa.decimal128(20, 2))
    lay(tmp_path, *[{"a": decimals[:3], "b": decimals[3:6]} for _ in range(5)])
    for checkpoint in (None, tmp_path / "state", tmp_path / "state"):
        found = rstats.describe_parquet(tmp_path / "*.parquet", memory_limit="80MiB", checkpoint=checkpoint)
        assert [row["count"] for row in found.to_dicts()] == [15, 15, 15]


def test_what_a_pattern_matches_is_described_or_told(tmp_path: Path) -> None:
    columns = {"l_x": [[1.0], []], "t_x": ["a", "b"], "b_x": [True, False], "n_x": [1.0, 2.0], "other": ["a", "b"]}
    table = pa.table(columns)
    pq.write_table(table, tmp_path / "t.parquet")
    for pattern, described in (
        (re.compile("_x$"), ["n_x"]),
        (re.compile("^[ltb]_"), []),
        (["n_x", re.compile("^t_")], ["n_x"]),
    ):
        told = sorted(name for name in columns if name[-1] == "x" and re.search("^[ltb]_", name))
        told = ["t_x"] if isinstance(pattern, list) else told
        found = [rstats.describe(data, columns=pattern) for data in (table, table.to_pandas(), pl.from_arrow(table))]
        found.append(rstats.describe_parquet(tmp_path / "t.parquet", columns=pattern))
        for answer in found:
            assert [row["column"] for row in answer if row["kind"] == "number"] == described
            beside = [row["column"] for row in answer if row["kind"] != "number"]
            assert sorted(beside + [left["column"] for left in answer.left_out]) == told
    # A type is no name: what is of another one is not told.
    assert not rstats.describe(table, columns=float).left_out
    assert not rstats.describe_parquet(tmp_path / "t.parquet", columns=float).left_out


def lists_table(rows: int, values: pa.DataType, seed: int = 1) -> pa.Table:
    random = np.random.default_rng(seed)
    filled = ([int(v) if v < 90 else None for v in random.integers(0, 100, n)] for n in random.integers(0, 12, rows))
    whole = [None if random.random() < 0.1 else values for values in filled]
    return pa.table(
        {
            "l": pa.array(whole, pa.list_(values)),
            "s": pa.array([{"m": row} for row in reversed(whole)], pa.struct([("m", pa.large_list(values))])),
            "k": pa.array([f"k{row % 7}" for row in range(rows)]),
            "x": pa.array(np.arange(rows, dtype=float)),
        }
    )


@pytest.mark.parametrize("values", [pa.float64(), pa.int32(), pa.float32(), pa.decimal128(9, 2)])
@pytest.mark.parametrize("options", [{}, {"memory_limit": "96MiB", "threads": 1}, {"stats": ["mean", "sum", "mode"]}])
def test_each_list_is_a_series_of_files_too(tmp_path: Path, values: pa.DataType, options: dict[str, Any]) -> None:
    table = lists_table(5000, values)
    for number in range(5):
        part = table.slice(1000 * number, 1000)
        pq.write_table(part, tmp_path / f"{number}.parquet", row_group_size=300)
    in_memory = {key: value for key, value in options.items() if key != "memory_limit"}
    for by in (None, "k", ["k", "x"]):
        found = rstats.describe_parquet(tmp_path, columns="l", by=by, **options)
        expected = rstats.describe(table, columns="l", by=by, **in_memory)
        assert found.to_dicts() == expected.to_dicts()
    # Lists in structs, and several columns.
    flat = table.append_column("s.m", table["s"].combine_chunks().field("m"))
    expected = rstats.describe(flat, columns=["l", "s.m"], **in_memory)
    assert rstats.describe_parquet(tmp_path, columns=["l", "s.m"], **options).to_dicts() == expected.to_dicts()
    # Rows that a predicate keeps are counted anew.
    found = rstats.describe_parquet(tmp_path, columns="l", by="x", where="x >= 700 and k = 'k3'", **options)
    kept = table.filter((pc.field("x") >= 700) & (pc.field("k") == "k3"))
    assert found.to_dicts() == rstats.describe(kept, columns="l", by="x", **in_memory).to_dicts()
    assert [row["row"] for row in found] == list(range(len(kept)))
    assert found.to_json().count('"where"') == 1
    assert f'"rows":{len(kept)}' in found.to_json().replace(" ", "")


def test_lists_of_files_that_differ(tmp_path: Path) -> None:
    tables = [lists_table(40, pa.int64(), 1), lists_table(30, pa.float32(), 2)]
    folders = ["day=1", "day=2", "day=3", "day=4"]
    others = [pa.table({"l": pa.nulls(3), "x": X}), pa.table({"x": X})]
    for folder, table in zip(folders, tables + others, strict=True):
        (tmp_path / folder).mkdir()
        pq.write_table(table, tmp_path / folder / "0.parquet")
    found = rstats.describe_parquet(tmp_path, columns="l", by="day")
    alone = [rstats.describe(table, columns="l").to_dicts() for table in tables]
    missing = [{"count": None, "null_count": None, "mean": None}] * 6
    rows = found.to_dicts()
    assert [row["day"] for row in rows] == [1] * 40 + [2] * 30 + [3] * 3 + [4] * 3
    for row, expected in zip(rows, [*alone[0], *alone[1], *missing], strict=True):
        assert {name: row[name] for name in expected if name != "row"} == {
            name: value for name, value in expected.items() if name != "row"
        }
    # No rows at all.
    none = rstats.describe_parquet(tmp_path, columns="l", by="day", where="x > 1e9")
    assert (len(none), none.to_arrow().column_names) == (0, found.to_arrow().column_names)


@pytest.mark.filterwarnings("ignore:.*left out")
def test_what_is_wrong_with_lists_of_files_is_said(tmp_path: Path) -> None:
    table = lists_table(600, pa.float64())
    values = table["l"].to_pylist()
    values[450] = [1.0, float("nan")]
    table = table.set_column(0, "l", pa.array(values, pa.list_(pa.float64())))
    for number in range(2):
        pq.write_table(table.slice(300 * number, 300), tmp_path / f"{number}.parquet", row_group_size=100)
    with pytest.raises(ValueError, match=r"NaN.*1\.parquet.*row 150|1\.parquet.*row 150.*NaN"):
        rstats.describe_parquet(tmp_path, columns="l", nan="raise")
    with pytest.raises(ValueError, match=r"1\.parquet.*row 150"):
        rstats.describe_parquet(tmp_path, columns="l", where="x >= 310", nan="raise")
    with pytest.raises(ValueError, match=r"'x' holds no lists, and 'l' does"):
        rstats.describe_parquet(tmp_path, columns=["x", "l"])
    with pytest.raises(ValueError, match=r"'l.list.element' holds no lists, and 'l' does"):
        rstats.describe_parquet(tmp_path, columns=["l", "l.list.element"])
    with pytest.raises(ValueError, match="each list is described by itself"):
        rstats.describe_parquet(tmp_path, columns="l", checkpoint=tmp_path / "state")
    with pytest.raises(ValueError, match="a key is named 'mean'"):
        rstats.describe_parquet(tmp_path, columns="l", by="mean")
    with pytest.raises(rstats.MemoryLimitError, match="a row for each list"):
        big = pa.table({"l": pa.array([[]] * 2_000_000, pa.list_(pa.float64()))})
        pq.write_table(big, tmp_path / "big.parquet")
        rstats.describe_parquet(tmp_path / "big.parquet", columns="l", memory_limit="96MiB")
    (tmp_path / "big.parquet").unlink()
    # A file of another type, and one that breaks half-way.
    pq.write_table(pa.table({"l": X}), tmp_path / "2.parquet")
    with pytest.raises(ValueError, match=r"column 'l' is of type list<float64> in .*0\.parquet, but float64"):
        rstats.describe_parquet(tmp_path, columns="l")
    damaged = bytearray((tmp_path / "0.parquet").read_bytes())
    damaged[2000:4000] = b"\x00" * 2000
    (tmp_path / "3.parquet").write_bytes(damaged)
    found = rstats.describe_parquet(tmp_path, columns="l", on_error="skip")
    assert (len(found.errors), len(found)) == (2, 600)
    assert str(found.to_dicts()) == str(rstats.describe(table, columns="l").to_dicts())
