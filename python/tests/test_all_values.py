"""What takes all values of a column (`mode`, `n_unique`, `mad`, `trimmed_mean`, `top`), beyond the room in memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rstats

ROWS = 3_000_000
LEAST = "80MiB"
ASKED = {"stats": ["mean", "mad", "mode", "n_unique", "trimmed_mean"], "trim": 0.1}


def numbers(rng: np.random.Generator) -> dict[str, Any]:
    """Columns that hurt: without ties, with many, of one value, sorted, heavy-tailed, with nulls, of every type."""
    heavy = rng.standard_cauchy(ROWS)
    return {
        "lognormal": rng.lognormal(size=ROWS),
        "cents": np.round(rng.lognormal(3, 1, ROWS), 2),
        "constant": np.full(ROWS, -0.0),
        "sorted": np.arange(ROWS, dtype="float64"),
        "heavy": pa.array(heavy, mask=heavy > 10),
        "zipf": pa.array(np.minimum(rng.zipf(1.3, ROWS), 10**15)),
        "unsigned": pa.array(rng.integers(2**63, 2**64, ROWS, dtype="uint64")),
        "small": pa.array(rng.integers(-100, 100, ROWS).astype("int8")),
        "single": pa.array(rng.normal(size=ROWS).astype("float32")),
        "decimal": pa.array(rng.integers(0, 10**7, ROWS // 10)).cast(pa.decimal128(38, 0)).cast(pa.decimal128(38, 10)),
        "times": pa.array(rng.integers(0, 10**15, ROWS)).cast(pa.timestamp("us", "UTC")),
    }


@pytest.fixture(scope="module")
def columns() -> dict[str, Any]:
    return numbers(np.random.default_rng(19))


def written(folder: Path, table: pa.Table, **how: Any) -> Path:
    path = folder / "table.parquet"
    pq.write_table(table, path, **how)
    return path


def same(found: rstats.Description, expected: rstats.Description) -> None:
    assert found.to_dicts() == expected.to_dicts()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["lognormal", "cents", "constant", "sorted", "heavy", "zipf", "unsigned", "small", "single", "decimal", "times"],
)
def test_values_beyond_memory_have_the_same_answers(columns: dict[str, Any], name: str, tmp_path: Path) -> None:
    table = pa.table({name: columns[name]})
    path = written(tmp_path, table, row_group_size=400_000, compression="lz4")
    asked = ASKED if name != "times" else {"stats": ["mean", "mode", "n_unique"]}
    expected = rstats.describe(table, **asked)
    for threads in (1, 2):
        same(rstats.describe_parquet(path, memory_limit=LEAST, threads=threads, **asked), expected)
    same(rstats.describe_parquet(path, **asked), expected)


@pytest.mark.slow
def test_several_columns_with_quantiles_in_several_files(columns: dict[str, Any], tmp_path: Path) -> None:
    table = pa.table({name: columns[name] for name in ("lognormal", "cents", "heavy", "zipf", "small")})
    for part in range(5):
        pq.write_table(table.slice(part * ROWS // 5, ROWS // 5), tmp_path / f"{part}.parquet")
    expected = rstats.describe(table, q=[0.01, 0.5, 0.99], **ASKED)
    same(rstats.describe_parquet(tmp_path, q=[0.01, 0.5, 0.99], memory_limit=LEAST, **ASKED), expected)
    where = rstats.describe_parquet(tmp_path, where="small >= 50", memory_limit=LEAST, **ASKED)
    same(where, rstats.describe(table.filter(pa.compute.greater_equal(table["small"], 50)), **ASKED))


@pytest.mark.slow
def test_one_group_that_is_too_long_for_memory(columns: dict[str, Any], tmp_path: Path) -> None:
    table = pa.table({"k": pa.array(np.arange(ROWS) % 1000 // 999), "x": columns["lognormal"]})
    path = written(tmp_path, table)
    same(rstats.describe_parquet(path, by="k", memory_limit=LEAST, **ASKED), rstats.describe(table, by="k", **ASKED))


def test_a_checkpoint_keeps_all_values_and_says_what_they_take(tmp_path: Path) -> None:
    path = written(tmp_path, pa.table({"x": np.arange(4_000_000.0)}))
    asked: dict[str, Any] = {"stats": ["mad", "mode"], "q": [], "memory_limit": LEAST}
    with pytest.raises(rstats.MemoryLimitError, match=r"keeping all values for mad, mode, as a checkpoint is written,"):
        rstats.describe_parquet(path, checkpoint=tmp_path / "state", **asked)
    found = rstats.describe_parquet(path, **asked)
    assert found["x"]["mad"] == 1_000_000.0 and found["x"]["mode"] == 0.0


def texts() -> Iterator[tuple[str, pa.Array]]:
    rng = np.random.default_rng(7)
    rows = 1_000_000
    distinct = pa.array(rng.permutation(rows).astype("U")).cast(pa.string())
    long = pa.compute.binary_join_element_wise("a key of more than fifteen bytes", distinct, "-")
    few = pa.array(np.minimum(rng.zipf(1.2, rows), 10**6).astype("U")).cast(pa.string())
    some = pa.compute.if_else(pa.array(rng.random(rows) < 0.5), few, pa.scalar(None, pa.string()))
    yield from {"distinct": distinct, "long": long, "few": few, "some": some, "bytes": long.cast(pa.binary())}.items()
    yield "none", pa.nulls(rows, pa.string())


@pytest.mark.slow
@pytest.mark.parametrize("by", [None, "k"])
def test_texts_beyond_memory(by: str | None, tmp_path: Path) -> None:
    columns = dict(texts())
    rows = len(columns["none"])
    table = pa.table({"k": pa.array(np.arange(rows) % 7, mask=np.arange(rows) % 7 == 3), **columns})
    path = written(tmp_path, table, row_group_size=50_000)
    asked: dict[str, Any] = {"by": by, "stats": ["mode", "n_unique"], "top": 5}
    for name in columns:
        expected = rstats.describe(table, columns=[name], **asked)
        for limit in (LEAST, "2GiB"):
            same(rstats.describe_parquet(path, columns=[name], memory_limit=limit, **asked), expected)
    asked = {"by": by, "columns": "few", "stats": ["n_unique"]}
    same(rstats.describe_parquet(path, memory_limit=LEAST, **asked), rstats.describe(table, **asked))


def test_texts_of_no_rows(tmp_path: Path) -> None:
    table = pa.table({"k": pa.array([], pa.int64()), "t": pa.array([], pa.string())})
    path = written(tmp_path, table)
    for by in (None, "k"):
        asked: dict[str, Any] = {"by": by, "columns": "t", "stats": ["mode", "n_unique"], "top": 2}
        same(rstats.describe_parquet(path, **asked), rstats.describe(table, **asked))


def test_what_is_in_a_file_vanishes_with_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, pa.table({"x": np.arange(4_000_000.0)}))
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    asked: dict[str, Any] = {"stats": ["n_unique"], "q": [], "memory_limit": LEAST}
    assert rstats.describe_parquet(path, **asked)["x"]["n_unique"] == 4_000_000
    assert list(folder.iterdir()) == []
    monkeypatch.setenv("TMPDIR", str(tmp_path / "nowhere"))
    with pytest.raises(OSError, match="TMPDIR names another folder"):
        rstats.describe_parquet(path, **asked)
