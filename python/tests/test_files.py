"""Files as they are: what other programs write, read as pyarrow and DuckDB read it."""

from __future__ import annotations

import base64
import datetime
import functools
import json
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rstats
import thrift


def means(found: rstats.Description, *keys: str) -> dict[Any, float]:
    return {tuple(row[key] for key in keys): row["mean"] for row in found}


def test_bytes_of_no_type_are_text_where_they_are_utf_8(tmp_path: Path) -> None:
    """Impala and Hive write text without saying so: such keys were hexadecimal, and no predicate took them."""
    table = pa.table({"k": [b"a", "é".encode(), None, b"a"], "x": [1.0, 2.0, 3.0, 4.0]})
    pq.write_table(table, tmp_path / "plain.parquet", store_schema=False)
    found = rstats.describe_parquet(tmp_path / "plain.parquet", by="k")
    assert means(found, "k") == {("a",): 2.5, ("é",): 2.0, (None,): 3.0}
    assert pa.table(found).schema.field("k").type == pa.string()
    row, text = rstats.describe_parquet(tmp_path / "plain.parquet", where="k = 'a'")
    assert (row["count"], row["mean"]) == (2, 2.5)
    assert (text["count"], text["min"], text["mean_length"]) == (2, "a", 1)
    # What says that it is bytes stays bytes; so does what is no text.
    pq.write_table(table, tmp_path / "bytes.parquet")
    assert pa.table(rstats.describe_parquet(tmp_path / "bytes.parquet", by="k")).schema.field("k").type == pa.binary()
    pq.write_table(
        table.set_column(0, "k", pa.array([b"\xff", b"b", None, b"b"])), tmp_path / "x.parquet", store_schema=False
    )
    assert pa.table(rstats.describe_parquet(tmp_path / "x.parquet", by="k"))["k"].to_pylist() == [b"b", b"\xff", None]


def test_an_arrow_schema_that_does_not_fit_is_not_used(tmp_path: Path) -> None:
    for index, schema in enumerate(["", "AAAA", "no base64!", "/////wAAAAA="]):
        path = tmp_path / f"{index}.parquet"
        with pq.ParquetWriter(path, pa.schema({"x": pa.float64()}), store_schema=False) as writer:
            writer.write_table(pa.table({"x": [1.0, 2.5]}))
            writer.add_key_value_metadata({"ARROW:schema": schema})
        assert rstats.describe_parquet(path)["x"]["mean"] == 1.75, schema


def test_a_bad_page_index_is_not_used(tmp_path: Path) -> None:
    """Wherever a byte of the index is another one, the answer is the one without an index."""
    values = np.arange(4000.0)
    path = tmp_path / "x.parquet"
    pq.write_table(
        pa.table({"x": values}),
        path,
        write_page_index=True,
        data_page_size=800,
        use_dictionary=False,
        compression="none",
    )
    expected = rstats.describe_parquet(path, where="x >= 3900")
    assert expected["x"]["count"] == 100
    whole = path.read_bytes()
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(0)
    start = chunk.data_page_offset + chunk.total_compressed_size
    end = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    assert end - start > 100
    random = np.random.default_rng(1)
    for place in random.integers(start, end, 60):
        damaged = bytearray(whole)
        damaged[place] ^= int(random.integers(1, 256))
        path.write_bytes(damaged)
        try:
            found = rstats.describe_parquet(path, where="x >= 3900")["x"]
        except ValueError as error:
            pytest.fail(f"byte {place}: {error}")
        # An index that is damaged within bounds may leave pages out; what it keeps is right.
        assert found["count"] <= 100 and found["max"] in (3999.0, None), place


def test_empty_row_groups(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    schema = pa.schema({"k": pa.int64(), "x": pa.float64()})
    with pq.ParquetWriter(path, schema) as writer:
        for rows in (0, 3, 0):
            table = pa.table({"k": np.arange(rows), "x": np.arange(rows) / 2}, schema=schema)
            writer.write_table(table)
    assert rstats.describe_parquet(path, columns="x")["x"]["count"] == 3
    assert len(rstats.describe_parquet(path, by="k")) == 3
    assert rstats.describe_parquet(path, where="k > 0", columns="x")["x"]["count"] == 2


@pytest.mark.parametrize("name", ["a.parquet", "a.PARQUET", "a.parq", "a.pq", "a.Pq"])
def test_names_of_files_in_a_folder(tmp_path: Path, name: str) -> None:
    pq.write_table(pa.table({"x": [1.0]}), tmp_path / name)
    pq.write_table(pa.table({"x": [2.0]}), tmp_path / "b.parquet")
    (tmp_path / "README.md").write_text("no data")
    assert rstats.describe_parquet(tmp_path)["x"]["count"] == 2


def test_folders_with_zeros_before_their_numbers(tmp_path: Path) -> None:
    for month in ("01", "02", "10"):
        (tmp_path / f"month={month}").mkdir()
        pq.write_table(pa.table({"x": [float(month)]}), tmp_path / f"month={month}" / "a.parquet")
    found = rstats.describe_parquet(tmp_path, by="month", where="month >= 2")
    assert means(found, "month") == {(2,): 2.0, (10,): 10.0}


def test_a_literal_may_have_its_type_before_it(tmp_path: Path) -> None:
    days = np.array(["2026-10-31", "2026-11-01", "2026-11-02"], dtype="datetime64[D]")
    pq.write_table(pa.table({"day": days, "x": [1.0, 2.0, 3.0], "date": [1.0, 1.0, 1.0]}), tmp_path / "x.parquet")
    for where in ("day >= date '2026-11-01'", "day >= DATE'2026-11-01'", "day >= '2026-11-01' and date = 1"):
        assert rstats.describe_parquet(tmp_path, where=where)["x"]["count"] == 2, where


def test_more_files_than_can_be_open_at_once(tmp_path: Path) -> None:
    for index in range(200):
        pq.write_table(pa.table({"k": [index % 3], "x": [float(index)]}), tmp_path / f"{index:03}.parquet")
    code = f"""
import resource, rstats
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
for skip in ("fail", "skip"):
    for by in (None, "k"):
        found = rstats.describe_parquet({str(tmp_path)!r}, columns="x", by=by, on_error=skip, threads=2)
        assert sum(row["count"] for row in found) == 200, (skip, by)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_many_columns_take_linear_time(tmp_path: Path) -> None:
    """A hundred thousand took quadratic time: here, that each of ten thousand is found."""
    path = tmp_path / "wide.parquet"
    pq.write_table(pa.table({f"c{i}": [float(i), float(i)] for i in range(10_000)}), path)
    found = rstats.describe_parquet(path, stats=["mean"], q=())
    assert len(found) == 10_000 and found["c9999"]["mean"] == 9999.0


def command() -> str | None:
    path = Path(__file__).parents[2] / "target" / "debug" / "rstats"
    return str(path) if path.exists() else None


@pytest.mark.skipif(command() is None, reason="the command is not built")
def test_names_with_commas_and_keys_of_any_name(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a,b": [1.0, 2.0], "count": ["u", "v"]}), tmp_path / "x.parquet")
    arguments = [command(), "describe", str(tmp_path), "-c", '"a,b"', "--by", " count ", "-f", "json"]
    answer = json.loads(subprocess.run(arguments, check=True, capture_output=True).stdout)
    assert [(row["column"], row["by"]) for row in answer["series"]] == [
        ("a,b", {"count": "u"}),
        ("a,b", {"count": "v"}),
    ]
    failed = subprocess.run([*arguments[:-1], "table"], capture_output=True, text=True)
    assert failed.returncode == 2 and "a key is named 'count'" in failed.stderr


def nested_table(rows: int = 5000) -> pa.Table:
    random = np.random.default_rng(7)
    numbers = [float(x) if x > -1 else None for x in random.normal(size=rows)]
    lists = [None if n == 0 else list(random.normal(size=n - 1)) for n in random.integers(0, 6, rows)]
    structs = [
        None
        if i % 7 == 0
        else {"b": numbers[i], "c": {"d": i, "e": f"t{i % 3}"}, "l": lists[i], "f": None if i % 5 == 0 else i % 11}
        for i in range(rows)
    ]
    kind = pa.struct(
        [
            ("b", pa.float64()),
            ("c", pa.struct([("d", pa.int64()), ("e", pa.string())])),
            ("l", pa.list_(pa.float64())),
            pa.field("f", pa.int32()),
        ]
    )
    return pa.table(
        {
            "x": pa.array(np.arange(rows) / 3),
            "a": pa.array(structs, kind),
            "l": pa.array(lists, pa.list_(pa.float64())),
            "ll": pa.array([None if v is None else [v, None, v[:1]] for v in lists], pa.list_(pa.list_(pa.float64()))),
            "fixed": pa.array([[i, None] for i in range(rows)], pa.list_(pa.int16(), 2)),
            "large": pa.array(
                [[{"p": float(i)}] * (i % 3) for i in range(rows)], pa.large_list(pa.struct([("p", pa.float64())]))
            ),
            "m": pa.array([[("k", i), ("j", None)][: i % 3] for i in range(rows)], pa.map_(pa.string(), pa.int64())),
            "t": pa.array(["text"] * rows),
        }
    )


def unnested(table: pa.Table) -> dict[str, list[Any]]:
    """The values of each column within another, by plain loops."""

    def values(row: Any, path: list[str]) -> Any:
        if not path:
            yield row
        elif path[0] == "[]":
            for inner in row or []:
                yield from values(inner, path[1:])
        else:
            yield from values(None if row is None else row[path[0]], path[1:])

    def of(column: str, *path: str) -> list[Any]:
        return [value for row in table[column].to_pylist() for value in values(row, list(path))]

    return {
        "x": of("x"),
        "a.b": of("a", "b"),
        "a.c.d": of("a", "c", "d"),
        "a.f": of("a", "f"),
        "a.l.list.element": of("a", "l", "[]"),
        "l.list.element": of("l", "[]"),
        "ll.list.element.list.element": of("ll", "[]", "[]"),
        "fixed.list.element": of("fixed", "[]"),
        "large.list.element.p": of("large", "[]", "p"),
        "m.key_value.value": [value for row in table["m"].to_pylist() for _, value in row or []],
    }


def test_numbers_in_structs_lists_and_maps(tmp_path: Path) -> None:
    table = nested_table()
    expected = unnested(table)
    for name, options in {
        "one": {},
        "small groups and pages": {"row_group_size": 701, "data_page_size": 400},
        "v2": {"data_page_version": "2.0", "use_dictionary": False},
        "no schema": {"store_schema": False},
    }.items():
        path = tmp_path / f"{name}.parquet"
        pq.write_table(table, path, **options)
        found = rstats.describe_parquet(path)
        assert [row["column"] for row in found if row["kind"] == "number"] == ["x", "a.b", "a.c.d", "a.f"]
        assert [row["column"] for row in found if row["kind"] == "text"] == ["a.c.e", "t"]
        others = [row for row in found if row["kind"] == "other"]
        assert [row["column"] for row in others] == ["a.l", "l", "ll", "fixed", "large", "m"]
        for row in others:
            rows = [
                functools.reduce(lambda of, name: of and of[name], row["column"].split("."), r)
                for r in table.to_pylist()
            ]
            assert (row["count"], row["null_count"]) == (sum(r is not None for r in rows), rows.count(None))
        assert "left_out" not in source(found)
        found = rstats.describe_parquet(path, columns=list(expected))
        assert len(found) == len(expected)
        for column, values in expected.items():
            row = found[column]
            there = [value for value in values if value is not None]
            assert (row["count"], row["null_count"]) == (len(there), len(values) - len(there)), (name, column)
            assert row["mean"] == float(statistics.mean(map(Fraction, there))), (name, column)
            assert row["median"] == np.median(there), (name, column)
        # Fields of structs are columns as others are: keys, in predicates, and all of a struct by its name.
        kept = [row for row in table.to_pylist() if row["a"] and row["a"]["c"]["e"] == "t1" and row["a"]["f"]]
        assert len(rstats.describe_parquet(path, columns="a")) == 5
        groups = rstats.describe_parquet(path, columns="x", by="a.f", where='"a.c.e" = \'t1\' and "a.f" > 0')
        assert {row["a.f"]: row["count"] for row in groups} == Counter(row["a"]["f"] for row in kept)
        found = rstats.describe_parquet(path, columns="l.list.element", where='"a.c.e" = \'t1\' and "a.f" > 0')
        assert found["l.list.element"]["count"] == sum(len(row["l"] or []) for row in kept)


def test_what_cannot_be_done_with_nested_columns_is_said(tmp_path: Path) -> None:
    pq.write_table(nested_table(50), tmp_path / "x.parquet")
    describe = functools.partial(rstats.describe_parquet, tmp_path)
    with pytest.raises(ValueError, match="groups are made of rows"):
        describe(columns="l.list.element", by="t")
    # As many values as rows, or not: neither is matched by its place.
    for where in ("l.list.element = 9", "m.key_value.value = 2", "m.key_value.key = 'k'", "l.list.element is null"):
        for options in ({}, {"by": "t"}, {"on_error": "skip"}):
            with pytest.raises(ValueError, match="holds the values of lists, any number a row"):
                describe(columns="x", where=where, **options)
    with pytest.raises(ValueError, match=r"key 'l\.list\.element' is the values of lists, any number a row"):
        describe(columns="x", by="l.list.element")
    with pytest.raises(ValueError, match=r"no column 'a.z'"):
        describe(columns="a.z")


def test_the_row_of_a_nan_in_a_list(tmp_path: Path) -> None:
    lists = [[1.0], None, [], [2.0, 3.0], [[], None, [4.0, float("nan")]][2], [5.0]]
    pq.write_table(pa.table({"l": lists, "k": list(range(6))}), tmp_path / "x.parquet", row_group_size=3)
    for where in (None, "k > 1"):
        with pytest.raises(ValueError, match="row 4"):
            rstats.describe_parquet(tmp_path, columns="l.list.element", nan="raise", where=where)


def plain(path: Path, **columns: Any) -> Path:
    """A file without the types that Arrow has for its columns."""
    pq.write_table(pa.table(columns), path, store_schema=False)
    return path


def annotated(path: Path, name: str, **fields: int) -> None:
    """Gives a column another type: its ConvertedType, scale, precision; a LogicalType by its number."""
    numbers = {"converted": 6, "scale": 7, "precision": 8}

    def edit(footer: thrift.Struct) -> None:
        node = thrift.column(footer, name)
        for number in (6, 7, 8, 10):
            node.pop(number, None)
        for field, value in fields.items():
            node[numbers.get(field, 10)] = (
                (thrift.STRUCT, {value: (thrift.STRUCT, {})}) if field == "logical" else (thrift.I32, value)
            )

    thrift.edit_footer(path, edit)


X = [1.0, 2.5, 4.0]


@pytest.mark.parametrize(
    ("values", "fields", "mean"),
    [
        (pa.array([None, None, None], pa.int32()), {"converted": 24}, None),
        (pa.array([None, None, None], pa.int32()), {"converted": 25}, None),
        (pa.array([1, 2, 6], pa.int64()), {"converted": 99}, 3),
        (pa.array([1, 2, 6], pa.int32()), {"converted": 5, "precision": 9}, 3),
        (pa.array([1, 2, 6], pa.int32()), {"converted": 5, "precision": 9, "scale": 1}, 0.3),
        (pa.array([1, 2, 6], pa.int32()), {"converted": 0}, 3),
        (pa.array([1, 2, 6], pa.int64()), {"logical": 4}, 3),
        (pa.array([1, 2, 6], pa.int64()), {"logical": 77}, 3),
    ],
)
def test_a_type_that_is_none_is_read_as_what_it_is_made_of(
    tmp_path: Path, values: pa.Array, fields: dict[str, int], mean: float | None
) -> None:
    """ConvertedType 24 (pandas before 2020), decimals without scale, texts made of numbers, types to come."""
    path = plain(tmp_path / "x.parquet", x=X, y=values, z=["a", "b", "b"])
    annotated(path, "y", **fields)
    found = rstats.describe_parquet(path)
    assert [row["column"] for row in found] == ["x", "y", "z"]
    assert found["x"]["mean"] == 2.5
    assert found["y"]["mean"] == (None if mean is None else pytest.approx(mean, rel=1e-15))
    assert means(rstats.describe_parquet(path, by="z", columns="x"), "z") == {("a",): 1.0, ("b",): 3.25}


@pytest.mark.parametrize("fields", [{"converted": 4}, {"converted": 21}, {"logical": 14}, {"converted": 11}])
def test_texts_with_a_type_of_another_kind(tmp_path: Path, fields: dict[str, int]) -> None:
    """An ENUM, an INTERVAL, a UUID that are said to be of another physical type."""
    path = plain(tmp_path / "x.parquet", x=X, y=["a", "b", "b"])
    annotated(path, "y", **fields)
    assert rstats.describe_parquet(path)["x"]["mean"] == 2.5
    assert means(rstats.describe_parquet(path, by="y"), "y") == {("a",): 1.0, ("b",): 3.25}


def test_fields_of_a_wrong_type_are_passed_over(tmp_path: Path) -> None:
    """As readings that Thrift generates pass over them."""

    def edit(footer: thrift.Struct) -> None:
        footer[6] = (thrift.I32, 7)  # created_by
        footer[5] = (thrift.LIST, (thrift.I64, [1, 2]))  # key_value_metadata
        for chunk in thrift.chunks(footer):
            metadata = chunk[3][1]
            metadata[12] = (thrift.BINARY, b"no statistics")
            metadata[8] = (thrift.I64, 3)
        for _, group in enumerate(footer[4][1][1]):
            group[7] = (thrift.I32, 0)  # ordinal, an i16

    path = plain(tmp_path / "x.parquet", x=X)
    thrift.edit_footer(path, edit)
    assert rstats.describe_parquet(path)["x"]["mean"] == 2.5
    # What is needed is missed.
    thrift.edit_footer(path, lambda footer: footer.update({4: (thrift.I32, 5)}))
    with pytest.raises(OSError, match=r"x\.parquet: not a Parquet file, or a damaged one"):
        rstats.describe_parquet(path)


def test_a_column_that_cannot_be_read_is_left_out_alone(tmp_path: Path) -> None:
    """A map that is repeated, as some writers had them: it has no type, and the others have."""
    path = plain(tmp_path / "x.parquet", x=X, m=pa.array([[("k", 1)]] * 3, pa.map_(pa.string(), pa.int64())), y=X)

    def edit(footer: thrift.Struct) -> None:
        thrift.column(footer, "m")[3] = (thrift.I32, 2)

    thrift.edit_footer(path, edit)
    found = rstats.describe_parquet(path)
    assert {row["column"]: row["mean"] for row in found} == {"x": 2.5, "y": 2.5}
    (left_out,) = source(found)["left_out"]
    assert left_out["column"] == "m" and "has no type that can be read" in left_out["reason"]
    with pytest.raises(OSError, match=r"x\.parquet: column 'm': has no type that can be read"):
        rstats.describe_parquet(path, columns=["x", "m"])


def source(found: rstats.Description) -> Any:
    return json.loads(found.to_json())["source"]


def encrypted(path: Path, plaintext_footer: bool, columns: Sequence[str] = ("x", "secret")) -> None:
    encryption = pytest.importorskip("pyarrow.parquet.encryption")

    class Kms(encryption.KmsClient):
        def wrap_key(self, key: bytes, _: str) -> bytes:
            return base64.b64encode(key)

        def unwrap_key(self, key: bytes, _: str) -> bytes:
            return base64.b64decode(key)

    configuration = encryption.EncryptionConfiguration(
        footer_key="f", column_keys={"c": ["secret"]}, plaintext_footer=plaintext_footer
    )
    factory = encryption.CryptoFactory(lambda _: Kms())
    properties = factory.file_encryption_properties(encryption.KmsConnectionConfig(), configuration)
    table = pa.table({column: X for column in columns})
    with pq.ParquetWriter(path, table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)


def test_encrypted_files_are_called_so(tmp_path: Path) -> None:
    encrypted(tmp_path / "whole.parquet", plaintext_footer=False)
    with pytest.raises(OSError, match="the file is encrypted"):
        rstats.describe_parquet(tmp_path / "whole.parquet")
    encrypted(tmp_path / "columns.parquet", plaintext_footer=True)
    found = rstats.describe_parquet(tmp_path / "columns.parquet")
    assert [row["column"] for row in found] == ["x"]
    assert [column["column"] for column in source(found)["left_out"]] == ["secret"]
    with pytest.raises(OSError, match="column 'secret': is encrypted"):
        rstats.describe_parquet(tmp_path / "columns.parquet", columns="secret")


@pytest.mark.filterwarnings("ignore:.*left out")
@pytest.mark.parametrize("clashing", [pa.array(["a"]), pa.array([{"y": 1}]), pa.array([[1.0]]), pa.array([b"a"])])
def test_a_type_that_clashes_is_left_out_where_that_is_asked(tmp_path: Path, clashing: pa.Array) -> None:
    for name in ("a", "c"):
        pq.write_table(pa.table({"x": X, "k": ["a", "b", "b"]}), tmp_path / f"{name}.parquet")
    pq.write_table(pa.table({"x": clashing, "k": ["a"]}), tmp_path / "b.parquet")
    with pytest.raises((TypeError, ValueError), match=r"column 'x' .*b\.parquet"):
        rstats.describe_parquet(tmp_path)
    found = rstats.describe_parquet(tmp_path, on_error="skip")
    assert (found["x"]["count"], found["x"]["mean"]) == (6, 2.5)
    pq.write_table(pa.table({"x": X, "k": [1, 2, 3]}), tmp_path / "d.parquet")
    found = rstats.describe_parquet(tmp_path, columns="x", by="k", on_error="skip")
    assert means(found, "k") == {("a",): 1.0, ("b",): 3.25}


def test_times_of_day_in_predicates(tmp_path: Path) -> None:
    times = [datetime.time(8, 30), datetime.time(12, 0, 0, 250), None, datetime.time(23, 59, 59, 999999)]
    for unit in ("s", "ms", "us", "ns"):
        kind = pa.time32(unit) if unit in ("s", "ms") else pa.time64(unit)
        column = pa.array(times, pa.time64("us")).cast(kind, safe=False)
        pq.write_table(pa.table({"t": column, "x": [1.0, 2.0, 3.0, 4.0]}), tmp_path / "x.parquet")
        for where, count in {
            "t >= '08:30'": 3,
            "t > '08:30:00'": 2,
            "t = '12:00:00.000250'": 1 if unit in ("us", "ns") else 0,
            "t between '12:00' and '24:00'": None,
            "t < time '12:00:00.5'": 2,
            "t is null": 1,
        }.items():
            if count is None:
                with pytest.raises(ValueError, match="a time of day such as '08:30:00'"):
                    rstats.describe_parquet(tmp_path, where=where)
            else:
                assert rstats.describe_parquet(tmp_path, where=where)["x"]["count"] == count, (unit, where)


def test_a_word_without_quotes_is_told_so(tmp_path: Path) -> None:
    pq.write_table(pa.table({"sensor": ["s01", "s02"], "x": [1.0, 2.0]}), tmp_path / "x.parquet")
    with pytest.raises(ValueError, match="in `sensor = s01`.* single quotes: `sensor = 's01'`"):
        rstats.describe_parquet(tmp_path, where="x > 0 and sensor = s01")
    with pytest.raises((KeyError, ValueError), match="no column 'sensr'"):
        rstats.describe_parquet(tmp_path, where="sensr = 's01'")


def test_rows_that_a_predicate_keeps_are_always_told(tmp_path: Path) -> None:
    for name, column in {"a": "x", "b": "y"}.items():
        table = pa.table({"k": np.arange(100), column: np.arange(100.0), "l": [[1.0, 2.0]] * 100})
        pq.write_table(table, tmp_path / f"{name}.parquet", row_group_size=30)
    for columns in (["x"], ["x", "y"], ["k", "x"], ["l.list.element"], []):
        found = rstats.describe_parquet(tmp_path, columns=columns, where="k >= 42")
        assert source(found)["where"]["rows"] == 116, columns


def test_what_some_writers_leave_out_or_set_to_zero(tmp_path: Path) -> None:
    def edit(footer: thrift.Struct) -> None:
        thrift.column(footer, "x").pop(3)  # whether it may be null: it may not
        for chunk in thrift.chunks(footer):
            chunk[3][1][11] = (thrift.I64, 0)  # dictionary_page_offset

    path = tmp_path / "x.parquet"
    schema = pa.schema([pa.field("x", pa.float64(), nullable=False), pa.field("y", pa.float64())])
    pq.write_table(pa.table({"x": X, "y": X}, schema=schema), path, use_dictionary=False)
    thrift.edit_footer(path, edit)
    assert {row["column"]: row["mean"] for row in rstats.describe_parquet(path)} == {"x": 2.5, "y": 2.5}


def test_an_encoding_that_the_chunk_does_not_list(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    columns = {"i": pa.array([3, 5, 7]), "k": pa.array(["a", "b", "b"])}
    encodings = {"i": "DELTA_BINARY_PACKED", "k": "DELTA_BYTE_ARRAY"}
    pq.write_table(pa.table(columns), path, use_dictionary=False, column_encoding=encodings)

    def edit(footer: thrift.Struct) -> None:
        for chunk in thrift.chunks(footer):
            chunk[3][1][2] = (thrift.LIST, (thrift.I32, [0, 3]))

    thrift.edit_footer(path, edit)
    assert means(rstats.describe_parquet(path, by="k"), "k") == {("a",): 3.0, ("b",): 6.0}


def test_decimals_of_too_many_digits_are_left_out_alone(tmp_path: Path) -> None:
    path = plain(tmp_path / "x.parquet", x=X, d=pa.array([1, 2, 3], pa.decimal256(76, 2)))

    def edit(footer: thrift.Struct) -> None:
        node = thrift.column(footer, "d")
        node[8] = (thrift.I32, 77)
        node.pop(10, None)

    thrift.edit_footer(path, edit)
    found = rstats.describe_parquet(path)
    assert [(row["column"], row["kind"], row["count"]) for row in found] == [("x", "number", 3), ("d", "text", 3)]


def test_a_file_none_of_whose_columns_can_be_read(tmp_path: Path) -> None:
    encrypted(tmp_path / "x.parquet", plaintext_footer=True, columns=["secret"])
    with pytest.raises(OSError, match=r"x\.parquet: none of its columns can be read: column 'secret' is encrypted"):
        rstats.describe_parquet(tmp_path)
