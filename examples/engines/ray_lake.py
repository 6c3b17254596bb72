"""Any engine that calls a function on its workers will do; this one is Ray (`pip install ray`).

The accumulator goes to the workers as it is, and comes back with what each file adds to it.
"""

from pathlib import Path

import ray
import rstats

DATA = Path(__file__).parents[2] / "data"


@ray.remote
def scanned(empty: rstats.Accumulator, file: str) -> rstats.Accumulator:
    return empty.copy().update_parquet(file, threads=1)


def main() -> None:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    files = rstats.parquet_files(DATA / "seattle_weather.parquet")
    empty = rstats.Accumulator(columns="temp_max", stats=["mean", "stddev"], q=[0.25, 0.5, 0.75], keep=4096)
    whole = rstats.merge(ray.get([scanned.remote(empty, file) for file in files]))
    while (again := whole.another_pass()) is not None:
        whole.settle(rstats.merge(ray.get([scanned.remote(again, file) for file in files])))
    print(whole.summary())
    ray.shutdown()


if __name__ == "__main__":
    main()
