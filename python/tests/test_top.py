"""The most frequent texts, and histograms of times: by every route, against counting one by one."""

import itertools
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rstats
from hypothesis import given
from hypothesis import strategies as st

TEXTS = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int16(), pa.string())]
BYTES = [pa.binary(), pa.large_binary(), pa.binary_view()]


def counted(values: list[Any], k: int) -> list[dict[str, Any]]:
    """The most frequent values: of equally frequent ones those that are first by their bytes."""
    counts = Counter(value for value in values if value is not None)
    as_bytes = lambda value: value.encode() if isinstance(value, str) else value  # noqa: E731
    ordered = sorted(counts.items(), key=lambda item: (-item[1], as_bytes(item[0])))
    return [{"value": value, "count": count} for value, count in ordered[:k]]


@given(st.lists(st.none() | st.text(max_size=3), max_size=60), st.integers(1, 8), st.sampled_from(TEXTS))
def test_top_of_texts(values: list[str | None], k: int, data_type: pa.DataType) -> None:
    array = pa.array(values, pa.string()).cast(data_type)
    (row,) = rstats.describe({"v": array}, top=k, stats=[])
    assert row["top"] == counted(values, k)
    assert row["n_unique"] == len(set(values) - {None})
    half = len(values) // 2
    (row,) = rstats.describe({"v": pa.chunked_array([array[:half], array[half:]], data_type)}, top=k, stats=[])
    assert row["top"] == counted(values, k)


@given(st.lists(st.none() | st.binary(max_size=2), max_size=60), st.sampled_from(BYTES))
def test_top_of_bytes(values: list[bytes | None], data_type: pa.DataType) -> None:
    (row,) = rstats.describe({"v": pa.array(values, data_type)}, top=3, stats=[])
    assert row["top"] == counted(values, 3)


def test_top_by_groups_and_by_every_route(tmp_path: Path) -> None:
    rng = random.Random(4)
    values = [rng.choice(["a", "b", "cc", "", "ä", None, f"{rng.random()}"]) for _ in range(3000)]
    keys = [rng.choice("xyz") for _ in values]
    table = pa.table({"v": values, "k": keys})
    right = {key: counted([v for v, k in zip(values, keys, strict=True) if k == key], 4) for key in "xyz"}
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=100)
    found = [
        rstats.describe(table, by="k", top=4),
        rstats.describe(table.to_pandas(), by="k", top=4),
        rstats.describe(pl.from_arrow(table), by="k", top=4),
        rstats.describe_parquet(tmp_path, by="k", top=4),
    ]
    for d in found:
        assert {row["k"]: row["top"] for row in d} == right
        assert [row["top"] for row in json.loads(d.to_json())["series"]] == [right[key] for key in "xyz"]
        assert pa.table(d.texts)["top"].to_pylist() == [right[key] for key in "xyz"]
    stream = rstats.describe(pa.RecordBatchReader.from_batches(table.schema, table.to_batches(100)), top=4)
    assert stream["v"]["top"] == counted(values, 4)
    assert rstats.describe(table, top=1)["k"]["top"] == counted(keys, 1)
    assert "×" in repr(rstats.describe(table, top=2))
    import pickle

    assert pickle.loads(pickle.dumps(found[0])).to_dicts() == found[0].to_dicts()
    assert pickle.loads(pickle.dumps(found[0])).to_json() == found[0].to_json()


def test_numbers_and_others_have_no_top() -> None:
    d = rstats.describe({"n": [1.0, 1.0], "v": ["a", "a"], "f": [True, False]}, top=2)
    assert "top" not in d["n"] and "top" not in d["f"] and d["v"]["top"] == [{"value": "a", "count": 2}]
    assert json.loads(d.to_json())["spec"]["top"] == 2


@pytest.mark.parametrize("wrong", [0, -1, 10_001, 2**70, 1.5, "3"])
def test_numbers_of_values_that_are_none(wrong: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="top|most frequent"):
        rstats.describe({"v": ["a"]}, top=wrong)


TIMES = [
    pa.date32(),
    pa.time32("s"),
    pa.time64("ns"),
    pa.timestamp("s"),
    pa.timestamp("ns", "Europe/Berlin"),
    pa.timestamp("us", "UTC"),
    pa.duration("ms"),
]


def ticks_of(array: pa.Array | pa.ChunkedArray) -> list[int | None]:
    narrow = array.type in (pa.date32(), pa.time32("s"))
    return (array.cast(pa.int32()) if narrow else array.cast(pa.int64())).to_pylist()


def times_of(ticks: list[int | None], data_type: pa.DataType) -> pa.Array:
    narrow = data_type in (pa.date32(), pa.time32("s"))
    return pa.array(ticks, pa.int32() if narrow else pa.int64()).cast(data_type)


@pytest.mark.parametrize("data_type", TIMES, ids=str)
@pytest.mark.parametrize("bins", [1, 2, 7, 50, "auto"])
def test_histograms_of_times(data_type: pa.DataType, bins: int | str, tmp_path: Path) -> None:
    rng = random.Random(f"{data_type} {bins}")
    for n in (1, 2, 40, 3000):
        narrow = data_type in (pa.date32(), pa.time32("s"))
        low, spread = (0, 86_399) if narrow else (10**15, rng.choice([3, 1000, 2**40]))
        ticks: list[int | None] = [low + rng.randrange(spread + 1) for _ in range(n)]
        ticks += [None] * rng.randrange(3)
        array = times_of(ticks, data_type)
        d = rstats.describe({"t": array}, bins=bins)
        histogram = pa.table(d.times)["histogram"][0]
        edges = ticks_of(pa.array(histogram["edges"].values))
        counts = histogram["counts"].as_py()
        values = [tick for tick in ticks if tick is not None]
        assert edges[0] == min(values) and edges[-1] >= max(values)
        assert edges[-1] == max(values) or min(values) == max(values)
        # A bin holds the ticks from its edge on up to but without the next one; the last bin all that are left.
        below = [sum(value < edge for value in values) for edge in edges[1:-1]]
        assert counts == [b - a for a, b in itertools.pairwise([0, *below, len(values)])]
        # The same number of bins as the integers have.
        of_ticks = rstats.describe({"t": pa.array(ticks, pa.int64())}, bins=bins)["t"]["histogram"]
        assert len(counts) == len(of_ticks["counts"]) and counts == of_ticks["counts"]
        pq.write_table(pa.table({"t": array}), tmp_path / "t.parquet", row_group_size=50)
        if data_type not in (pa.time32("s"),):  # Parquet has no seconds of a day
            found = rstats.describe_parquet(tmp_path, bins=bins)
            if data_type not in (pa.timestamp("s"),):
                assert pa.table(found.times)["histogram"] == pa.table(d.times)["histogram"]
        batches = pa.table({"t": pa.chunked_array([array[: n // 2], array[n // 2 :]])})
        stream = rstats.describe(pa.RecordBatchReader.from_batches(batches.schema, batches.to_batches()), bins=bins)
        assert pa.table(stream.times)["histogram"] == pa.table(d.times)["histogram"]


def test_histograms_of_times_as_values() -> None:
    days = pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-09"])
    d = rstats.describe(pd.DataFrame({"t": days}), stats=["histogram"], bins=2)
    histogram = d["t"]["histogram"]
    assert histogram["counts"] == [2, 1] and [f"{edge:%m-%d}" for edge in histogram["edges"]] == [
        "01-01",
        "01-05",
        "01-09",
    ]
    # The extrema are not told where they were not asked for.
    assert "min" not in d["t"] and "max" not in d["t"]
    (row,) = json.loads(d.to_json())["series"]
    assert row["histogram"] == {
        "edges": ["2026-01-01T00:00:00", "2026-01-05T00:00:00", "2026-01-09T00:00:00"],
        "counts": [2, 1],
    }
    empty = rstats.describe({"t": pa.nulls(3, pa.date32())}, bins=4)
    assert empty["t"]["histogram"] is None
    by = rstats.describe({"t": days.values, "k": ["a", "a", "b"]}, by="k", bins=1)
    assert [row["histogram"]["counts"] for row in by] == [[2], [1]]
