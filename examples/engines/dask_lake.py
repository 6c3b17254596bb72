"""A Dask cluster describes a data frame, and files that its workers read themselves; exact quartiles of each group.

Needs the group `engines` of pyproject.toml. `LocalCluster` stands for your own cluster's `Client(address)`.
"""

from pathlib import Path

import dask.dataframe as dd
import rstats.dask
from dask.distributed import Client, LocalCluster

DATA = Path(__file__).parents[2] / "data"


def main() -> None:
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster):
        files = [DATA / "seattle_weather.parquet"]
        print(rstats.dask.describe_parquet(files, by="weather", columns="temp_max", stats=["mean", "stddev"]))
        frame = dd.read_parquet(files).repartition(npartitions=5)
        print(rstats.dask.describe(frame, by="weather", columns="temp_max", stats=["mean", "stddev"]))


if __name__ == "__main__":
    main()
