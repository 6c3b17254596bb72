"""Spark, classic with two executors and Connect: data frames and files, with the bits of one process."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
