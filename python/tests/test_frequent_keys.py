"""Keys that many rows have are scanned as they are decoded, after a look at rows from everywhere: the answer is that of
the same rows in memory, whatever the look has seen."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import rstats

pytestmark = pytest.mark.slow

ROWS = 13_000_000
GROUP = 500_000


def rows(shape):
    random = np.random.default_rng(20261128)
    keys = np.where(random.random(ROWS) < 0.6, random.integers(0, 5, ROWS), random.integers(5, 20_000, ROWS))
    values = random.lognormal(size=ROWS)
    if shape == "drifting, sorted by key":
        keys.sort()
        values += np.arange(ROWS) / ROWS * 100
    if shape == "unlike what is looked at":
        # The first rows of each row group, and of each page.
        values[np.arange(ROWS) % GROUP % 131_072 < 20_000] *= 1e-6
        keys[np.arange(ROWS) % GROUP < 10_000] = 3
    present = random.random(ROWS) > 0.05
    columns = {
        "k": pa.array(keys, mask=~present),
        "x": values,
        "n": pa.array(random.integers(-(2**60), 2**60, ROWS), mask=~(random.random(ROWS) > 0.1)),
    }
    if shape == "text":
        columns["k"] = pc.if_else(
            pa.array(present),
            pc.binary_join_element_wise("a key of many characters", pc.cast(columns["k"], "string"), "-"),
            None,
        )
    return pa.table(columns)


@pytest.mark.parametrize("shape", ["text", "drifting, sorted by key", "unlike what is looked at"])
def test_as_the_same_rows_in_memory(tmp_path, shape):
    table = rows(shape)
    for file in range(2):
        part = table.slice(file * ROWS // 2, ROWS // 2)
        pq.write_table(part, tmp_path / f"{file}.parquet", row_group_size=GROUP, compression="none")
    expected = pa.table(rstats.describe(table, by="k", nan="raise"))
    assert expected.num_rows == 2 * len(table["k"].unique())
    for limit in [None, "128MiB"]:
        found = rstats.describe_parquet(tmp_path, by="k", nan="raise", memory_limit=limit)
        assert pa.table(found).equals(expected)


def test_a_file_that_fails_in_the_middle_is_left_out_whole(tmp_path):
    table = rows("text")
    for file in range(2):
        part = table.slice(file * ROWS // 2, ROWS // 2)
        pq.write_table(part, tmp_path / f"{file}.parquet", row_group_size=GROUP, compression="none")
    # Of the last row group of the second file a page header is broken.
    path = tmp_path / "1.parquet"
    offset = pq.ParquetFile(path).metadata.row_group(ROWS // 2 // GROUP - 1).column(1).data_page_offset
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(b"\xff" * 16)
    with pytest.warns(UserWarning, match="1 file was left out"):
        found = rstats.describe_parquet(tmp_path, by="k", on_error="skip")
    assert [error["file"] for error in found.errors] == [str(path)]
    assert pa.table(found).equals(pa.table(rstats.describe(table.slice(0, ROWS // 2), by="k")))
