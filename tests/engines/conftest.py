"""The data, which every engine reads from the same files."""

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rstats

# The workers of Spark run this Python.
os.environ.setdefault("PYSPARK_PYTHON", sys.executable)

ASKED: dict[str, Any] = {
    "stats": ["mean", "stddev", "min", "max", "skewness", "iqr", "outliers"],
    "q": [0.01, 0.5, 0.99],
    "nan": "omit",
}
FILES, ROWS = 6, 30_000


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files whose values drift, with heavy tails, ties, nulls, NaNs, wide integers and decimals."""
    folder = tmp_path_factory.mktemp("lake")
    rng = np.random.default_rng(20)
    for file in range(FILES):
        heavy = rng.standard_cauchy(ROWS)
        table = pa.table(
            {
                "id": pa.array(np.arange(ROWS) + file * ROWS),
                "drift": rng.normal(file, 1.0, ROWS),
                "heavy": pa.array(heavy, mask=heavy > 3),
                "nan": np.where(rng.random(ROWS) < 0.01, np.nan, rng.lognormal(size=ROWS)),
                "wide": rng.integers(-(2**62), 2**62, ROWS),
                "cents": pa.array(rng.integers(0, 10**6, ROWS)).cast(pa.decimal128(20, 0)).cast(pa.decimal128(22, 2)),
                "text": pa.array(["no number"] * ROWS),
                "day": pa.array(rng.integers(0, 20_000, ROWS).astype("int32"), mask=heavy < -3).cast(pa.date32()),
                "flag": pa.array(rng.random(ROWS) < 0.3, mask=heavy > 5),
                "month": pa.array(np.where(rng.random(ROWS) < 0.9, 1, rng.integers(1, 5000, ROWS)), mask=heavy > 9),
                "city": pa.array(["Oslo", "Rome", None]).take(pa.array(rng.integers(0, 3, ROWS))),
            }
        )
        pq.write_table(table, folder / f"{file}.parquet", row_group_size=10_000)
    return folder


BY: dict[str, Any] = {"by": ["month", "city"], "columns": ["drift", "heavy", "wide", "cents", "text", "day"], **ASKED}


@pytest.fixture(scope="session")
def expected_groups(lake: Path) -> list[dict[str, Any]]:
    """Of keys of which one has most of the rows, and thousands have a few."""
    return rstats.describe_parquet(lake, **BY).to_dicts()


@pytest.fixture(scope="session")
def expected(lake: Path) -> list[dict[str, Any]]:
    """Of numbers, texts, days and flags."""
    return rstats.describe_parquet(lake, **ASKED).to_dicts()
