"""rstats on pyarrow: tables, lists, readers and datasets, without a copy; the answer is a table again."""

import tempfile

import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet
import rstats

table = pa.table(
    {"sensor": ["a", "b", "a", None], "value": [1.5, 2.0, 3.5, 4.0], "window": [[1.0, 2.0], [], None, [5.0]]}
)
print(pa.table(rstats.describe(table, by="sensor", stats=["mean"], q=[0.5])))

# A row of lists is a series: null and empty lists are told apart, and "sensor" comes along.
windows = rstats.describe(table, columns="window", by="sensor", stats=["mean"], q=())
assert [row["count"] for row in windows] == [2, 0, None, 1]

# What comes in batches is read once.
reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches())
assert rstats.describe(reader, stats=["sum"], q=())[0]["sum"] == 11.0
with tempfile.TemporaryDirectory() as folder:
    pyarrow.parquet.write_table(table, f"{folder}/part-0.parquet")
    dataset = pyarrow.dataset.dataset(folder)
    print(rstats.describe(dataset, stats=["min", "max"], q=()))
    print(rstats.describe(dataset.scanner(columns=["value"]), stats=["mean"], q=()))
