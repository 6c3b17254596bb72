"""A folder of Parquet files, partitioned by day, described in groups and by a condition, within a memory limit."""

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import rstats

random = np.random.default_rng(0)
with tempfile.TemporaryDirectory() as lake:
    for day in range(1, 4):
        folder = Path(lake, f"day=2026-11-{day:02}")
        folder.mkdir()
        sensors = random.choice(["north", "south", "roof"], 10_000)
        temps = np.round(random.normal(8 + day, 3, 10_000), 1)
        pq.write_table(pa.table({"sensor": sensors, "temp": temps}), folder / "part-0.parquet")

    # The names of the folders are columns; the answer has the same bits whatever the limit.
    print(rstats.describe_parquet(lake, by=["day", "sensor"], memory_limit="512MiB"))
    # Files, row groups and pages that cannot hold such rows are not read.
    warm = rstats.describe_parquet(lake, where="day >= '2026-11-02' and temp > 12", progress=rstats.progress.Bar())
    # A second call reads only files that are new.
    state = Path(lake, "_state")
    assert rstats.describe_parquet(lake, checkpoint=state)[0] == rstats.describe_parquet(lake, checkpoint=state)[0]
print(warm.to_dicts())
