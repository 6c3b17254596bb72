"""Datasets of Parquet files against the same rows in memory: every route has the same bits."""

from __future__ import annotations

import datetime
import io
import os
import random
import warnings
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rstats
from rstats.progress import Bar

LEAST = "72MiB"
"""A limit that few rows exceed: what a run on two threads needs at least, and a little."""


def table(rows: int, seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(rows) * 10.0 ** rng.integers(-3, 3)
    return pa.table(
        {
            "k": rng.integers(0, max(rows // 50, 2), rows),
            "city": pa.array([f"city-{i % 7}" if i % 11 else None for i in rng.integers(0, 1000, rows)]),
            "x": pa.array(x, mask=rng.random(rows) < 0.03),
            "n": rng.integers(-(2**62), 2**62, rows),
            "price": np.round(rng.gamma(2, 20, rows), 2),
        }
    )


def write(folder: Path, parts: list[pa.Table], **options: Any) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"part-{i:03}.parquet" for i in range(len(parts))]
    for path, part in zip(paths, parts, strict=True):
        pq.write_table(part, path, **options)
    return paths


def split(whole: pa.Table, count: int, seed: int = 0) -> list[pa.Table]:
    rng = random.Random(seed)
    cuts = sorted(rng.randrange(whole.num_rows + 1) for _ in range(count - 1))
    starts = [0, *cuts]
    ends = [*cuts, whole.num_rows]
    return [whole.slice(start, end - start) for start, end in zip(starts, ends, strict=True)]


def same(left: rstats.Description, right: rstats.Description) -> None:
    for own, other in zip(left, right, strict=True):
        assert repr(own) == repr(other)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pa.Table]:
    folder = tmp_path_factory.mktemp("lake")
    whole = table(60_000)
    write(folder, split(whole, 9), row_group_size=4_000, data_page_size=8_000)
    return folder, whole


ALL = {"stats": ["min", "max", "range", "sum", "mean", "variance", "stddev"], "q": [0.01, 0.25, 0.5, 0.75, 0.99]}


def test_files_are_one_table(lake: tuple[Path, pa.Table]) -> None:
    folder, whole = lake
    expected = rstats.describe(whole, **ALL)
    for paths in (folder, str(folder / "*.parquet"), sorted(folder.iterdir(), reverse=True)):
        same(rstats.describe_parquet(paths, **ALL), expected)
    listed = folder / "list.txt"
    listed.write_text("# all of them\n\n" + "\n".join(map(str, folder.glob("*.parquet"))))
    same(rstats.describe_parquet(f"@{listed}", **ALL), expected)
    listed.unlink()


@pytest.mark.parametrize("by", ["k", "city", ["city", "k"]])
def test_groups_are_those_of_the_table(lake: tuple[Path, pa.Table], by: Any) -> None:
    folder, whole = lake
    expected = rstats.describe(whole, by=by, columns=["x", "n", "price"], **ALL)
    same(rstats.describe_parquet(folder, by=by, columns=["x", "n", "price"], **ALL), expected)


def test_a_limit_never_shows(tmp_path: Path) -> None:
    rows = 1_500_000
    rng = np.random.default_rng(3)
    whole = pa.table(
        {"k": rng.integers(0, 30_000, rows), "x": rng.standard_normal(rows), "n": rng.integers(0, 9, rows)}
    )
    write(tmp_path, split(whole, 3), row_group_size=250_000)
    spilled = rstats.describe_parquet(tmp_path, by="k", memory_limit=LEAST, **ALL)
    same(spilled, rstats.describe_parquet(tmp_path, by="k", **ALL))
    same(spilled, rstats.describe(whole, by="k", **ALL))
    same(rstats.describe_parquet(tmp_path, memory_limit=LEAST, **ALL), rstats.describe(whole, **ALL))


def test_few_keys_with_most_of_the_rows(tmp_path: Path) -> None:
    # Each group has a scan, and the files are read again.
    rows = 2_400_000
    rng = np.random.default_rng(4)
    whole = pa.table({"k": rng.integers(0, 3, rows), "s": ["a"] * rows, "x": rng.standard_normal(rows)})
    write(tmp_path, [whole], row_group_size=300_000)
    for by in ("k", "s", ["s", "k"]):
        expected = rstats.describe(whole, by=by, columns="x", **ALL)
        same(rstats.describe_parquet(tmp_path, by=by, columns="x", memory_limit=LEAST, **ALL), expected)


def test_keys_that_are_few_at_first_or_unlike(tmp_path: Path) -> None:
    rows = 2_400_000
    rng = np.random.default_rng(5)
    place = np.arange(rows)
    keys = {
        # So many after all that they cannot each have a scan.
        "late": np.where(place < rows * 2 // 3, place % 5, place // 8),
        # One of them has half of the rows, which are in no partition that fits.
        "heavy": np.where(rng.random(rows) < 0.5, -1, rng.integers(0, 50_000, rows)),
        # Most rows have one of their own.
        "own": rng.permutation(300_000) // 2,
    }
    for name, values in keys.items():
        folder = tmp_path / name
        folder.mkdir()
        whole = pa.table({"k": values, "x": rng.standard_normal(len(values))})
        write(folder, split(whole, 3), row_group_size=200_000)
        limit = "1GiB" if name == "own" else LEAST
        # With every statistic, the answers alone would not fit in the limit.
        few: dict[str, Any] = {"stats": ["mean", "max"], "q": [0.5]}
        found = rstats.describe_parquet(folder, by="k", memory_limit=limit, **few)
        same(found, rstats.describe(whole, by="k", **few))


def test_a_nan_that_is_an_error_is_not_skipped(tmp_path: Path) -> None:
    write(tmp_path, [pa.table({"k": [1, 1, 2], "x": [1.0, float("nan"), 2.0]})])
    for by in (None, "k"):
        with pytest.raises(ValueError, match="column 'x' of .* holds a NaN in row 1"):
            rstats.describe_parquet(tmp_path, columns="x", by=by, nan="raise", on_error="skip")


def test_limits_that_cannot_be_kept_are_told(lake: tuple[Path, pa.Table]) -> None:
    folder, _ = lake
    with pytest.raises(rstats.MemoryLimitError, match=r"takes about .* MiB, and the memory limit is 1.0 MiB"):
        rstats.describe_parquet(folder, memory_limit="1MiB")
    assert issubclass(rstats.MemoryLimitError, MemoryError)
    for wrong in ("x", "", "-1MiB"):
        with pytest.raises(ValueError, match="not a size of memory"):
            rstats.describe_parquet(folder, memory_limit=wrong)


def test_partitions_are_columns(tmp_path: Path) -> None:
    days = [datetime.date(2026, 11, day) for day in (1, 2, 3)]
    parts = []
    for place, day in enumerate(days):
        for zone in ("north", "south"):
            part = table(500, seed=place)
            write(tmp_path / f"day={day}" / f"zone={zone}", [part])
            count = part.num_rows
            parts.append(
                part.append_column("day", pa.array([day] * count)).append_column("zone", pa.array([zone] * count))
            )
    whole = pa.concat_tables(parts)
    for by in ("day", ["zone", "day"], ["day", "city"]):
        expected = rstats.describe(whole, by=by, columns=["x", "price"])
        same(rstats.describe_parquet(tmp_path, by=by, columns=["x", "price"]), expected)
    second = rstats.describe(whole.filter(pa.compute.equal(whole["day"], days[1])), columns="x")
    same(rstats.describe_parquet(tmp_path, where="day = '2026-11-02'", columns="x"), second)
    same(rstats.describe_parquet(str(tmp_path / "day=2026-11-02"), columns="x"), second)


def test_predicates_are_filters(lake: tuple[Path, pa.Table]) -> None:
    folder, whole = lake
    field = pa.compute.field
    cases = [
        ("price > 40.5", field("price") > 40.5),
        ("price between 10 and 20 and not city = 'city-3'",
         (field("price") >= 10) & (field("price") <= 20) & (field("city") != "city-3")),
        ("city is null or k in (1, 2, 3)", field("city").is_null() | field("k").isin([1, 2, 3])),
        ("x is not null and n < 0", field("x").is_valid() & (field("n") < 0)),
        ("price < -1", field("price") < -1),
    ]  # fmt: skip
    for text, condition in cases:
        kept = whole.filter(condition)
        same(rstats.describe_parquet(folder, where=text, **ALL), rstats.describe(kept, **ALL))
        columns = ["x", "price"]
        expected = rstats.describe(kept, by="city", columns=columns, **ALL)
        same(rstats.describe_parquet(folder, where=text, by="city", columns=columns, **ALL), expected)
    with pytest.raises(ValueError, match="there is no column 'nothing'"):
        rstats.describe_parquet(folder, where="nothing = 1")
    with pytest.raises(ValueError, match="city"):
        rstats.describe_parquet(folder, where="city > 5")


def test_sorted_data_is_pruned(tmp_path: Path) -> None:
    rows = 100_000
    whole = pa.table({"t": np.arange(rows), "x": np.random.default_rng(0).standard_normal(rows)})
    pq.write_table(whole, tmp_path / "a.parquet", row_group_size=10_000, write_page_index=True, data_page_size=4096)
    expected = rstats.describe(whole.slice(42_000, 1_000), columns="x", **ALL)
    seen: list[dict[str, int]] = []
    found = rstats.describe_parquet(
        tmp_path,
        where="t >= 42000 and t < 43000",
        columns="x",
        progress=lambda figures: seen.append(dict(figures)),
        **ALL,
    )
    same(found, expected)
    assert seen[-1]["rows_total"] < 10_000


def test_schemas_drift(tmp_path: Path) -> None:
    big = 2**60 + 1
    parts = [
        pa.table({"k": [1, 2], "a": [1, big], "b": [0.5, 1.5]}),
        pa.table({"b": pa.array([2, 3], pa.int32()), "k": pa.array([2, 1], pa.int8()), "a": [0.25, None]}),
        pa.table({"k": [3]}),
    ]
    write(tmp_path, parts)
    rows = {row["column"]: row for row in rstats.describe_parquet(tmp_path, columns=["a", "b"], stats="sum").to_dicts()}
    assert (rows["a"]["count"], rows["a"]["null_count"]) == (3, 1)
    assert rows["a"]["sum"] == float(2**60 + 2)  # 2^60 + 2.25, rounded once
    assert (rows["b"]["count"], rows["b"]["null_count"], rows["b"]["sum"]) == (4, 0, 7.0)
    grouped = rstats.describe_parquet(tmp_path, by="k", columns="b", stats="sum", q=()).to_dicts()
    assert [(row["k"], row["count"], row["sum"]) for row in grouped] == [(1, 2, 3.5), (2, 2, 3.5), (3, 0, 0.0)]
    with pytest.raises(ValueError, match=r"part-000.*column 'a'.*beyond 2\^53"):
        rstats.describe_parquet(tmp_path, by="k", columns="a")
    write(tmp_path / "clash", [pa.table({"a": [1.0]}), pa.table({"a": ["x"]})])
    with pytest.raises(ValueError, match=r"part-000.*part-001"):
        rstats.describe_parquet(tmp_path / "clash", columns="a")


def test_files_that_cannot_be_read_are_left_out_whole(tmp_path: Path) -> None:
    whole = table(20_000)
    paths = write(tmp_path, split(whole, 4), row_group_size=1_000, compression="none", use_dictionary=False)
    good = rstats.describe_parquet([paths[0], paths[2]], **ALL)
    by_city = rstats.describe_parquet([paths[0], paths[2]], by="city", columns="x", **ALL)
    metadata = pq.ParquetFile(paths[1]).metadata
    column = metadata.row_group(metadata.num_row_groups - 1).column(metadata.schema.names.index("x"))
    bytes_of = bytearray(paths[1].read_bytes())
    # The header of the last row group's page: what comes before it is right.
    bytes_of[column.data_page_offset : column.data_page_offset + 12] = b"\xff" * 12
    paths[1].write_bytes(bytes_of)
    paths[3].write_bytes(paths[3].read_bytes()[:-3])
    with pytest.raises(OSError, match=r"part-00[13]"):
        rstats.describe_parquet(tmp_path)
    with pytest.warns(UserWarning, match="2 files were left out"):
        found = rstats.describe_parquet(tmp_path, on_error="skip", **ALL)
    same(found, good)
    first, second = found.errors
    assert first["file"].endswith("part-001.parquet") and (first["column"], first["row_group"]) == (
        "x",
        metadata.num_row_groups - 1,
    )
    assert second["file"].endswith("part-003.parquet") and second["message"]
    with pytest.warns(UserWarning, match="2 files were left out"):
        same(rstats.describe_parquet(tmp_path, on_error="skip", by="city", columns="x", **ALL), by_city)
    with pytest.warns(UserWarning):
        nothing = rstats.describe_parquet([paths[3]], on_error="skip")
    assert len(nothing) == 0 and len(nothing.errors) == 1


def test_metadata_alone_suffices(tmp_path: Path) -> None:
    whole = pa.table({"n": pa.array([5, None, -7, 2**62], pa.int64()), "u": pa.array([1, 2, None, 255], pa.uint8())})
    (path,) = write(tmp_path, [whole], row_group_size=2)
    expected = rstats.describe(whole, stats=["min", "max", "range"], q=())
    same(rstats.describe_parquet(path, stats=["min", "max", "range"], q=()), expected)


EVERY_STATISTIC = (
    "min max range sum mean variance stddev mean_ci sem iqr skewness kurtosis mad mode n_unique n_zero n_negative "
    "geometric_mean harmonic_mean cv trimmed_mean"
).split()

PAGES = {
    "few": lambda rng: rng.integers(-3, 4, 20_000) / 4,
    "many": lambda rng: rng.integers(-9_000, 9_000, 20_000) / 8,
    "runs": lambda rng: np.sort(rng.integers(0, 2_000, 20_000)) / 16,
    "one": lambda rng: np.full(20_000, 0.1),
    "specials": lambda rng: rng.choice([0.0, -0.0, np.inf, 5e-324, 1e308, 0.1], 20_000),
    "nans": lambda rng: rng.choice([0.1, np.nan, -2.5], 20_000),
    "wide": lambda rng: rng.integers(-(2**62), 2**62, 40)[rng.integers(0, 40, 20_000)],
}


@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize("nulls", [None, 0.0, 0.1, 1.0], ids=["required", "none", "some", "all"])
def test_pages_of_every_encoding(tmp_path: Path, kind: str, nulls: float | None) -> None:
    rng = np.random.default_rng(7)
    values = PAGES[kind](rng)
    everything = {"stats": EVERY_STATISTIC, "q": [0.01, 0.25, 0.5, 0.9]}
    column = pa.array(values, mask=None if nulls is None else rng.random(len(values)) < nulls, from_pandas=False)
    whole = pa.table([column], schema=pa.schema([pa.field("x", column.type, nullable=nulls is not None)]))
    expected = {nan: rstats.describe(whole, nan=nan, **everything) for nan in ("propagate", "omit")}
    shapes: list[dict[str, Any]] = [
        {"use_dictionary": False, "data_page_size": 9_000},
        {"data_page_size": 1_000, "write_batch_size": 700},
        {"dictionary_pagesize_limit": 200},
        {"row_group_size": 3_000},
    ]
    for shape in shapes:
        for version in ("1.0", "2.0"):
            (path,) = write(tmp_path, [whole], data_page_version=version, **shape)
            for nan, answer in expected.items():
                same(rstats.describe_parquet(path, nan=nan, **everything), answer)


def test_nans_are_named_by_their_row(tmp_path: Path) -> None:
    values = np.arange(10_000.0)
    values[7_531] = np.nan
    (path,) = write(tmp_path, [pa.table({"k": np.arange(10_000) % 3, "x": values})], row_group_size=3_000)
    for options in ({}, {"by": "k"}, {"where": "k >= 0"}, {"where": "k = 1"}):
        with pytest.raises(ValueError, match=r"column 'x' of .*part-000.parquet holds a NaN in row 7531"):
            rstats.describe_parquet(path, columns="x", nan="raise", **options)
    rstats.describe_parquet(path, columns="x", nan="raise", where="k = 2")


def test_progress_is_told_and_may_end_the_work(tmp_path: Path) -> None:
    write(tmp_path, split(table(50_000), 3))
    seen: list[dict[str, int]] = []
    rstats.describe_parquet(tmp_path, progress=lambda figures: seen.append(dict(figures)))
    assert seen[-1]["files"] == seen[-1]["files_total"] == 3 and seen[-1]["rows"] == 50_000
    out = io.StringIO()
    rstats.describe_parquet(tmp_path, progress=Bar(out))
    assert "3/3 files" in out.getvalue() and out.getvalue().endswith("\n")

    def stop(_: dict[str, int]) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        rstats.describe_parquet(tmp_path, progress=stop)


def test_a_second_run_reads_only_what_is_new(tmp_path: Path) -> None:
    lake, state = tmp_path / "lake", tmp_path / "state"
    whole = table(80_000)
    parts = split(whole, 6)
    # A checkpoint is for columns of numbers.
    numbers = rstats.describe(whole, **ALL).numbers["column"].to_dict()["column"]
    whole = whole.select(numbers)
    write(lake, parts[:4])
    first = rstats.describe_parquet(lake, checkpoint=state, **ALL)
    same(first, rstats.describe_parquet(lake, columns=numbers, **ALL))
    same(rstats.describe_parquet(lake, checkpoint=state, **ALL), first)
    write(lake, parts)
    seen: list[dict[str, int]] = []
    grown = rstats.describe_parquet(
        lake, checkpoint=state, stats=ALL["stats"], q=(), progress=lambda figures: seen.append(dict(figures))
    )
    same(grown, rstats.describe(whole, stats=ALL["stats"], q=()))
    same(rstats.describe_parquet(lake, checkpoint=state, **ALL), rstats.describe(whole, **ALL))
    # A file that is another one now is read again.
    write(lake, parts[::-1])
    same(rstats.describe_parquet(lake, checkpoint=state, **ALL), rstats.describe(whole, **ALL))
    for entry in state.rglob("*"):
        if entry.is_file():
            entry.write_bytes(entry.read_bytes()[:-5])
    same(rstats.describe_parquet(lake, checkpoint=state, **ALL), rstats.describe(whole, **ALL))


def test_a_second_run_over_groups_reads_only_what_is_new(tmp_path: Path) -> None:
    lake, state = tmp_path / "lake", tmp_path / "state"
    whole = table(80_000)
    parts = split(whole, 6)
    options = {"columns": "x", "where": "x > -1000", "threads": 2}
    for by in ("k", ["city", "k"]):
        write(lake, parts[:4])
        read: list[int] = []

        def note(figures: dict[str, int], read: list[int] = read) -> None:
            read.append(figures["bytes_total"])

        def kept(read: list[int] = read, note: Any = note, **more: Any) -> rstats.Description:
            read.clear()
            return rstats.describe_parquet(lake, checkpoint=state, progress=note, **options, **more)

        first = kept(by=by)
        assert max(read) > 0
        same(first, rstats.describe_parquet(lake, by=by, **options))
        same(kept(by=by), first)
        assert max(read, default=0) == 0
        # The rows serve for whatever is asked of them.
        same(kept(by=by, q=[0.9]), rstats.describe_parquet(lake, by=by, q=[0.9], **options))
        assert max(read, default=0) == 0
        write(lake, parts)
        grown = rstats.describe_parquet(lake, by=by, **options)
        same(kept(by=by), grown)
        assert 0 < max(read)
        for entry in state.rglob("*.rows"):
            entry.write_bytes(entry.read_bytes()[:-5])
        same(kept(by=by), grown)
        same(kept(by=by, memory_limit=LEAST), grown)
        (lake / "new.parquet").write_bytes(b"PAR1 no more")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            same(kept(by=by, on_error="skip"), grown)
        (lake / "new.parquet").unlink()


def test_a_look_at_a_file_of_many_columns_spares_a_pass(tmp_path: Path) -> None:
    # Too many values to keep all of them, and too few rows for a look that costs next to nothing.
    rows, rng = 900_000, np.random.default_rng(6)
    for name, values in {
        "alike": lambda: rng.lognormal(size=rows),
        "cents": lambda: np.round(rng.gamma(2, 20, rows), 2),
        "sorted": lambda: np.sort(rng.standard_normal(rows)),
    }.items():
        whole = pa.table({f"c{i}": values() for i in range(6)})
        (path,) = write(tmp_path / name, [whole], row_group_size=rows)
        passes: list[int] = []
        found = rstats.describe_parquet(path, progress=lambda figures, to=passes: to.append(figures["pass"]), **ALL)
        same(found, rstats.describe(whole, **ALL))
        assert name == "sorted" or passes[-1] == 1


def test_arguments_that_are_wrong(lake: tuple[Path, pa.Table], tmp_path: Path) -> None:
    folder, _ = lake
    with pytest.raises(FileNotFoundError, match="nowhere"):
        rstats.describe_parquet(folder / "nowhere.parquet")
    with pytest.raises(TypeError, match="paths is a path or a list of paths"):
        rstats.describe_parquet(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="on_error"):
        rstats.describe_parquet(folder, on_error="ignore")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no column 'nothing'"):
        rstats.describe_parquet(folder, by="nothing")
    with pytest.raises(ValueError, match="like a column of the answer"):
        write(tmp_path, [pa.table({"mean": [1], "x": [1.0]})])
        rstats.describe_parquet(tmp_path, by="mean")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rstats.describe_parquet(tmp_path, columns="x")


def test_a_page_may_be_larger_than_a_share_of_the_limit(tmp_path: Path) -> None:
    whole = pa.table({"v": np.random.default_rng(0).normal(size=500_000)})
    (path,) = write(tmp_path, [whole], use_dictionary=False)
    options: dict[str, Any] = {"stats": ["sum"], "on_error": "skip", "memory_limit": "128MiB"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same(rstats.describe_parquet(path, threads=16, **options), rstats.describe(whole, stats=["sum"]))
    one_page: dict[str, Any] = {"row_group_size": 1 << 23, "data_page_size": 1 << 30, "max_rows_per_page": 1 << 23}
    pq.write_table(pa.concat_tables([whole] * 8), path, use_dictionary=False, **one_page)
    with pytest.raises(rstats.MemoryLimitError, match="decoding column 'v', row group 0 of .* takes about"):
        rstats.describe_parquet(path, threads=2, stats=["sum"], on_error="skip", memory_limit="80MiB")


def test_many_columns_have_their_turns(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    whole = pa.table({f"c{i}": rng.integers(0, 50, 4_000) * 1.5 for i in range(1_500)})
    (path,) = write(tmp_path, [whole])
    limited = rstats.describe_parquet(path, memory_limit="80MiB", stats=["mean"], threads=2)
    same(limited, rstats.describe(whole, stats=["mean"]))
    with pytest.raises(rstats.MemoryLimitError, match="1500 columns at once, as a checkpoint is written"):
        rstats.describe_parquet(path, memory_limit="80MiB", threads=2, checkpoint=tmp_path / "state")


def test_first_rows_that_do_not_fit_are_grouped(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    columns = {f"c{i}": rng.integers(0, 9, 40_000) * 1.0 for i in range(60)}
    whole = pa.table({**columns, "k": rng.integers(0, 5, 40_000)})
    (path,) = write(tmp_path, [whole])
    for limit in ("96MiB", "112MiB", "160MiB"):
        same(
            rstats.describe_parquet(path, by="k", memory_limit=limit, stats=["mean"], threads=2),
            rstats.describe(whole, by="k", stats=["mean"]),
        )


def test_types_that_do_not_go_together_are_no_damage(tmp_path: Path) -> None:
    write(tmp_path, [pa.table({"k": [1, 1], "v": [1, 2**53 + 1]}), pa.table({"k": [1, 1], "v": [0.5, 1.5]})])
    with pytest.raises(ValueError, match="part-000.parquet: column 'v'.*beyond 2\\^53"):
        rstats.describe_parquet(tmp_path, by="k", on_error="skip")


def test_links_that_lead_nowhere_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, [pa.table({"v": [1.0]})])
    (tmp_path / "gone.parquet").symlink_to("nowhere")
    with pytest.raises(FileNotFoundError, match="gone.parquet"):
        rstats.describe_parquet(tmp_path)
    with pytest.warns(UserWarning, match="gone.parquet"):
        d = rstats.describe_parquet(tmp_path, on_error="skip")
    assert [row["count"] for row in d.to_dicts()] == [1]


def test_a_checkpoint_is_of_its_question_and_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = tmp_path / "state"
    (first,) = write(tmp_path / "files", [pa.table({"v": [1.0, 2.0, 3.0], "k": [1, 2, 3]})])
    (second,) = write(tmp_path / "files" / "k=2", [pa.table({"v": [10.0, 20.0, 30.0]})])
    options: dict[str, Any] = {"columns": "v", "where": "k <= 2 or v > 2", "stats": ["sum"]}
    rstats.describe_parquet(first, checkpoint=state, **options)
    fresh = rstats.describe_parquet([first, second], **options)
    same(rstats.describe_parquet([first, second], checkpoint=state, **options), fresh)
    for folder, value in (("p", 1.0), ("r", 2.0)):
        (path,) = write(tmp_path / folder, [pa.table({"v": [value]})])
        os.utime(path, (1e9, 1e9))
        monkeypatch.chdir(path.parent)
        (row,) = rstats.describe_parquet(path.name, checkpoint=state, stats=["sum"]).to_dicts()
        assert row["sum"] == value


def test_literals_are_floats_of_the_column(tmp_path: Path) -> None:
    values = [0.1, 0.2, 0.3]
    columns = {"d": pa.array(values), "s": pa.array(values, pa.float32()), "i": [1, 2, 3]}
    (path,) = write(tmp_path, [pa.table(columns)], row_group_size=1)
    for column in "ds":
        kept = {
            "= 0.1": 1,
            "<= 0.1": 1,
            "> 0.1": 2,
            ">= 0.3": 1,
            "in (0.1, 0.2)": 2,
            "!= 0.3": 2,
            "between 0.1 and 0.2": 2,
        }
        for predicate, count in kept.items():
            (row,) = rstats.describe_parquet(path, columns="i", where=f"{column} {predicate}").to_dicts()
            assert row["count"] == count, (column, predicate)


def test_a_key_that_is_no_utf_8_names_its_column_and_row(tmp_path: Path) -> None:
    """The column that was named was another one."""
    texts = [b"a"] * 5000 + [b"caf\xe9"] + [b"b"] * 10
    keys = pa.array(texts, pa.binary()).view(pa.string())
    file = tmp_path / "bad.parquet"
    pq.write_table(pa.table({"x": np.arange(5011.0), "k": keys}), file, row_group_size=3000, use_dictionary=False)
    for options in ({"by": "k"}, {"where": "k = 'a'"}):
        with pytest.raises(OSError, match=r"column 'k', row group 1, row 5000 .*UTF-8"):
            rstats.describe_parquet(file, **options)
    with pytest.warns(UserWarning, match="column 'k', row group 1"):
        left_out = rstats.describe_parquet(file, by="k", on_error="skip").errors
    assert [(error["column"], error["row_group"]) for error in left_out] == [("k", 1)]
    assert rstats.describe_parquet(file, columns="x")[0]["count"] == 5011


def test_of_several_damaged_columns_the_one_that_failed_is_named(tmp_path: Path) -> None:
    """The first damaged one was, though its rows were not among those that the filter left."""

    def keys(bad: int) -> pa.Array:
        texts = [b"caf\xe9" if row == bad else b"a" for row in range(9000)]
        return pa.array(texts, pa.binary()).view(pa.string())

    columns = {"n": np.arange(9000), "j": keys(8500), "k": keys(100), "x": np.arange(9000.0)}
    file = tmp_path / "bad.parquet"
    pq.write_table(pa.table(columns), file, use_dictionary=False, data_page_size=1 << 10, write_page_index=True)
    with pytest.raises(OSError, match=r"column 'k', row group 0: .*UTF-8"):
        rstats.describe_parquet(file, by=["j", "k"], columns="x", where="n < 2000")
    with pytest.raises(OSError, match=r"column 'j', row group 0: .*UTF-8"):
        rstats.describe_parquet(file, by=["j", "k"], columns="x", where="n > 7000")


def test_groups_by_an_interval_merged_months_and_years(tmp_path: Path) -> None:
    duckdb.sql(
        "copy (select interval (i % 2) month as k, i::double as x from range(10) t(i)) "
        f"to '{tmp_path}/a.parquet' (format parquet)"
    )
    with pytest.raises(OSError, match="key 'k' is an INTERVAL"):
        rstats.describe_parquet(tmp_path, by="k")
    assert rstats.describe_parquet(tmp_path)[0]["mean"] == 4.5
    assert rstats.describe_parquet(tmp_path, where="k is not null")[0]["count"] == 10


def test_keys_of_nulls_and_beyond_the_calendar(tmp_path: Path) -> None:
    for keys in (pa.nulls(2), pa.nulls(2, pa.string())):
        pq.write_table(pa.table({"k": keys, "x": [1.0, 2.0]}), tmp_path / "a.parquet")
        assert [row["k"] for row in rstats.describe_parquet(tmp_path, by="k")] == [None]
    days = pa.array([2**30, 2**30 + 1], pa.int32()).cast(pa.date32())
    pq.write_table(pa.table({"k": days, "x": [1.0, 2.0]}), tmp_path / "a.parquet")
    assert [row["k"] for row in rstats.describe_parquet(tmp_path, by="k")] == ["+2941775-04-07", "+2941775-04-08"]


def test_a_long_row_group_is_read_by_several_threads(tmp_path: Path) -> None:
    """Its pages are dealt out, whatever they hold: the answers are those of the same rows in short row groups."""
    rows = 2_300_001
    random = np.random.default_rng(11)
    x = random.normal(size=rows)
    mask = random.random(rows) < 0.1
    table = pa.table(
        {
            "x": x,
            "nulls": pa.array(x, mask=mask),
            "small": x.astype(np.float32),
            "whole": random.integers(-(2**40), 2**40, rows),
            "few": np.round(x, 1),
            "k": random.integers(0, 1000, rows).astype(str),
            "l": pa.ListArray.from_arrays(np.minimum(np.arange(rows + 1) // 2 * 2, rows).astype(np.int32), x),
        }
    )
    (tmp_path / "one").mkdir()
    (tmp_path / "many").mkdir()
    columns = ["x", "nulls", "small", "whole", "few", "l.list.element"]
    for options in ({"data_page_version": "1.0"}, {"data_page_version": "2.0", "use_dictionary": False}):
        pq.write_table(table, tmp_path / "one" / "a.parquet", row_group_size=rows, write_page_index=True, **options)
        pq.write_table(table, tmp_path / "many" / "a.parquet", row_group_size=90_000)
        for request in (
            *({"columns": column} for column in columns),
            {"columns": columns[:5], "where": "whole > 0"},
            {"columns": columns[:2], "by": "k"},
            {"columns": "x", "by": "k", "where": "x > 0.5"},
        ):
            one = rstats.describe_parquet(tmp_path / "one", threads=2, **request)
            many = rstats.describe_parquet(tmp_path / "many", threads=2, **request)
            assert one.to_dicts() == many.to_dicts(), (options, request)
    place = int(np.flatnonzero(~mask)[-7])
    values = x.copy()
    values[place] = np.nan
    for column in (pa.array(values), pa.array(values, mask=mask), pa.array(values.astype(np.float32))):
        pq.write_table(pa.table({"x": column}), tmp_path / "nan.parquet", row_group_size=rows)
        with pytest.raises(ValueError, match=f"row {place}"):
            rstats.describe_parquet(tmp_path / "nan.parquet", nan="raise", threads=2)
