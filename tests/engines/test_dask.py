"""Dask with two workers: data frames, arrays and files, with the bits of one process."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
import rstats
import rstats.dask
from conftest import ASKED, BY
from dask.distributed import Client, LocalCluster


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        yield client


@pytest.mark.parametrize("partitions", [1, 3, 17])
def test_data_frames(client: Client, lake: Path, expected: list[Any], partitions: int) -> None:
    frame = dd.read_parquet(lake, dtype_backend="pyarrow").repartition(npartitions=partitions)
    assert rstats.dask.describe(frame, **ASKED).to_dicts() == expected


@pytest.mark.parametrize("partitions", [1, 3, 17])
def test_groups(client: Client, lake: Path, expected_groups: list[Any], partitions: int) -> None:
    frame = dd.read_parquet(lake, dtype_backend="pyarrow").repartition(npartitions=partitions)
    assert rstats.dask.describe(frame, keep=500, **BY).to_dicts() == expected_groups


def test_groups_of_files(client: Client, lake: Path, expected_groups: list[Any]) -> None:
    assert rstats.dask.describe_parquet(lake, **BY).to_dicts() == expected_groups


def test_files(client: Client, lake: Path, expected: list[Any]) -> None:
    assert rstats.dask.describe_parquet(lake, **ASKED).to_dicts() == expected
    assert rstats.dask.describe_parquet(lake, keep=256, **ASKED).to_dicts() == expected
    found = rstats.dask.describe_parquet(lake, where="id < 50000", **ASKED).to_dicts()
    assert found == rstats.describe_parquet(lake, where="id < 50000", **ASKED).to_dicts()


def test_arrays(client: Client) -> None:
    values = np.random.default_rng(1).normal(size=(50, 40, 10))
    found = rstats.dask.describe(da.from_array(values, chunks=(13, 17, 10)), q=[0.5], keep=300)
    assert found.to_dicts() == rstats.describe(values.ravel(), q=[0.5]).to_dicts()


def test_a_worker_that_is_killed_changes_nothing(client: Client, tmp_path: Path) -> None:
    marker = tmp_path / "killed"

    def of(frame: pd.DataFrame) -> pd.DataFrame:
        if len(frame) and frame.x.iloc[0] == 60.0 and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return frame

    frame = pd.DataFrame({"x": np.arange(200.0)})
    parts = dd.from_pandas(frame, npartitions=10).map_partitions(of, meta=frame)
    found = rstats.dask.describe(parts, q=[0.5])
    assert marker.exists() and found.to_dicts() == rstats.describe(frame, q=[0.5]).to_dicts()


def test_what_cannot_be_is_told(client: Client) -> None:
    frame = dd.from_pandas(pd.DataFrame({"x": np.arange(300_000.0)}), npartitions=3)
    changing = frame.map_partitions(lambda part: part + np.random.default_rng().normal(), meta={"x": "float64"})
    with pytest.raises(ValueError, match="'x' has other values in this pass"):
        rstats.dask.describe(changing, q=[0.5], keep=256)
    with pytest.raises(TypeError, match="to_delayed"):
        rstats.dask.describe([1.0, 2.0])
    with pytest.raises(ValueError, match="no column 'y'"):
        rstats.dask.describe(frame, by="y")


def test_workers_without_rstats_are_told(lake: Path) -> None:
    def hide() -> None:
        import sys

        class Hidden:
            def find_spec(self, name, path=None, target=None):  # type: ignore[no-untyped-def]
                if name.split(".")[0] == "rstats":
                    raise ModuleNotFoundError(name)

        for name in [name for name in sys.modules if name.split(".")[0] == "rstats"]:
            del sys.modules[name]
        sys.meta_path.insert(0, Hidden())  # type: ignore[arg-type]

    frame = dd.from_pandas(pd.DataFrame({"x": np.arange(100.0)}), npartitions=3)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        client.run(hide)
        for work in (lambda: rstats.dask.describe(frame), lambda: rstats.dask.describe_parquet(lake)):
            with pytest.raises(RuntimeError, match="2 of 2 workers cannot import rstats.*install rstats-arrow"):
                work()
