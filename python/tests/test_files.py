"""Files as they are: what other programs write, read as pyarrow and DuckDB read it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rstats


def means(found: rstats.Description, *keys: str) -> dict[Any, float]:
    return {tuple(row[key] for key in keys): row["mean"] for row in found}


def test_bytes_of_no_type_are_text_where_they_are_utf_8(tmp_path: Path) -> None:
    """Impala and Hive write text without saying so: such keys were hexadecimal, and no predicate took them."""
    table = pa.table({"k": [b"a", "é".encode(), None, b"a"], "x": [1.0, 2.0, 3.0, 4.0]})
    pq.write_table(table, tmp_path / "plain.parquet", store_schema=False)
    found = rstats.describe_parquet(tmp_path / "plain.parquet", by="k")
    assert means(found, "k") == {("a",): 2.5, ("é",): 2.0, (None,): 3.0}
    assert pa.table(found).schema.field("k").type == pa.string()
    (row,) = rstats.describe_parquet(tmp_path / "plain.parquet", where="k = 'a'")
    assert (row["count"], row["mean"]) == (2, 2.5)
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
