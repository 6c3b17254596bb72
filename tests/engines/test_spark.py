"""Spark, classic with two executors and Connect: data frames and files, with the bits of one process."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import rstats
import rstats.spark
from conftest import ASKED, BY
from pyspark.sql import SparkSession


def sorted_by_name(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: row["column"])


@pytest.fixture(scope="module", params=["local-cluster[2,1,1024]", "connect"])
def spark(request: pytest.FixtureRequest) -> Iterator[SparkSession]:
    builder = SparkSession.builder.config("spark.ui.enabled", "false").config("spark.sql.shuffle.partitions", "8")
    if request.param == "connect":
        session = SparkSession.builder.remote("local[2]").getOrCreate()
    else:
        session = builder.master(request.param).config("spark.ui.showConsoleProgress", "false").getOrCreate()
    yield session
    session.stop()


@pytest.mark.parametrize("partitions", [1, 5, 13])
def test_data_frames(spark: SparkSession, lake: Path, expected: list[Any], partitions: int) -> None:
    frame = spark.read.parquet(str(lake)).repartition(partitions)
    assert sorted_by_name(rstats.spark.describe(frame, **ASKED).to_dicts()) == sorted_by_name(expected)


@pytest.mark.parametrize("partitions", [1, 5, 13])
def test_groups(spark: SparkSession, lake: Path, expected_groups: list[Any], partitions: int) -> None:
    frame = spark.read.parquet(str(lake)).repartition(partitions)
    assert rstats.spark.describe(frame, keep=500, **BY).to_dicts() == expected_groups


def test_groups_of_files(spark: SparkSession, lake: Path, expected_groups: list[Any]) -> None:
    assert rstats.spark.describe_parquet(spark, lake, **BY).to_dicts() == expected_groups


def test_a_million_groups(spark: SparkSession) -> None:
    frame = spark.range(0, 2_000_000, 1, 4).selectExpr("id % 1000000 as k", "id as x")
    found = rstats.spark.describe(frame, by="k", stats=["mean"], q=[0.5])
    assert len(found) == 1_000_000
    rows = found.to_dicts()
    assert [rows[place]["median"] for place in (0, 77, 999_999)] == [500_000.0, 500_077.0, 1_499_999.0]


def test_files(spark: SparkSession, lake: Path, expected: list[Any]) -> None:
    assert rstats.spark.describe_parquet(spark, lake, **ASKED).to_dicts() == expected
    found = rstats.spark.describe_parquet(spark, lake, where="id < 50000", **ASKED).to_dicts()
    assert found == rstats.describe_parquet(lake, where="id < 50000", **ASKED).to_dicts()


def of_keys(spark: SparkSession, lake: Path) -> tuple[Any, pa.Table]:
    """A frame with a time for each row, and the same rows in the order of the times."""
    columns = ["timestamp_micros(id * 700000) as ts", "id", "city", "month", "drift", "heavy", "text"]
    frame = spark.read.parquet(str(lake)).repartition(7).selectExpr(*columns)
    return frame, frame.toArrow().sort_by("id")


@pytest.mark.parametrize("window", [20, "90s"])
def test_rolling_by_key(spark: SparkSession, lake: Path, window: int | str) -> None:
    frame, rows = of_keys(spark, lake)
    asked: dict[str, Any] = {"by": ["city", "month"], "stats": ["mean", "stddev", "max"], "q": [0.5], "min_periods": 2}
    on = {"on": "ts"} if isinstance(window, str) else {}
    columns = ["drift", "heavy"]
    expected = pa.table(rstats.rolling(rows, window, columns=columns, **asked, **on))
    order = ["ts", "id"] if on else "id"
    found = rstats.spark.rolling(frame, window, on=order, columns=columns, **asked).toArrow().sort_by("id")
    assert found.column_names == rows.column_names + expected.column_names
    assert found.select(expected.column_names).equals(expected)
    assert found.select(["id", "city", "text"]).equals(rows.select(["id", "city", "text"]))
    counted = rstats.spark.rolling(frame.select("id", "city", "drift"), 5, on="id", by="city", stats=["count"], q=())
    assert counted.schema[-1].simpleString() == "count:bigint" and counted.toArrow().num_rows == len(rows)


def test_windows_by_key(spark: SparkSession, lake: Path) -> None:
    frame, rows = of_keys(spark, lake)
    for how in ({"size": "1h"}, {"size": "1h", "slide": "20min"}, {"gap": "10s"}):
        asked: dict[str, Any] = {"on": "ts", "by": "month", "stats": ["mean", "stddev"], "q": [0.5], **how}
        asked["columns"] = ["drift", "heavy"]
        order = [(name, "ascending") for name in ("window_start", "window_end", "month", "column")]
        expected = pa.RecordBatchReader.from_stream(rstats.windows(rows, **asked)).read_all().sort_by(order)
        found = rstats.spark.windows(frame, **asked).toArrow().sort_by(order)
        assert found.column_names == expected.column_names and len(found) == len(expected)
        for name in found.column_names:
            assert found[name].cast(expected[name].type).equals(expected[name]), (how, name)
    days = frame.selectExpr("date_add(to_date(ts), cast(id / 9 as int)) as day", "city", "drift")
    counted = rstats.spark.windows(days, "1d", on="day", by="city", stats=["count"], q=()).toArrow()
    assert len(counted) > 30_000 and sum(counted["count"].to_pylist()) == len(rows)


def test_an_executor_that_is_killed_changes_nothing(spark: SparkSession, lake: Path, tmp_path: Path) -> None:
    if "connect" in type(spark).__module__:
        pytest.skip("local[2] of Connect does not try again")
    marker = str(tmp_path / "killed")

    def killing(batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            if not os.path.exists(marker):  # noqa: PTH110
                open(marker, "w").close()  # noqa: PTH123, SIM115
                os.kill(os.getpid(), signal.SIGKILL)
            yield batch

    frame = spark.read.parquet(str(lake)).select("drift")
    frame = frame.mapInArrow(killing, frame.schema)
    found = rstats.spark.describe(frame, q=[0.5])
    assert Path(marker).exists()
    assert found.to_dicts() == rstats.describe_parquet(lake, columns="drift", q=[0.5]).to_dicts()


def test_what_cannot_be_is_told(spark: SparkSession, lake: Path) -> None:
    frame = spark.read.parquet(str(lake))
    with pytest.raises(ValueError, match="no columns beside city"):
        rstats.spark.describe(frame.select("city"), by="city")
    stream = spark.readStream.format("rate").load()
    with pytest.raises(ValueError, match="streaming data frame"):
        rstats.spark.describe(stream)
    with pytest.raises(ValueError, match="all rows come to one worker"):
        rstats.spark.rolling(frame, 5, on="id", by=[])
    with pytest.raises(ValueError, match="a column 'mean' already"):
        one = frame.selectExpr("id", "city", "drift as mean")
        rstats.spark.rolling(one, 5, on="id", by="city", stats=["mean"], q=())
    with pytest.raises(TypeError, match="no step"):
        rstats.spark.rolling(frame, 5, on="id", by="city", step=2)
    with pytest.raises(Exception, match="the time of row 0"):
        nulls = frame.selectExpr("nullif(timestamp_micros(id), timestamp_micros(0)) as ts", "city", "drift")
        rstats.spark.rolling(nulls, "5s", on="ts", by="city").toArrow()
