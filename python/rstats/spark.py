"""Spark's data frames, and Parquet files on a Spark cluster, with the bits of one process.

Needs `pyspark` 4 with pyarrow, classic or Connect. Each partition becomes a state of some kilobytes on its executor
(`mapInArrow`); quantiles take another pass or two. A frame that is not cached is computed again for each pass; if it
comes out otherwise then, that is an error.

`rolling` and `windows` give each key's rows to one worker, and are data frames themselves.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ._passes import answer, listed, question, question_of_files, reduced
from ._rstats import Accumulator, Description
from ._spark_by_key import rolling, windows

if TYPE_CHECKING:
    from pyspark.sql import DataFrame as _DataFrame
    from pyspark.sql import SparkSession as _SparkSession

__all__ = ["describe", "describe_parquet", "rolling", "windows"]

_BUCKET, _STATE = "bucket", "state"


def _states(
    frame: _DataFrame, update: Callable[[Accumulator, pa.RecordBatch], Any], empty: Accumulator
) -> Iterable[Accumulator]:
    """States of the partitions of the frame, updated with their batches: of groups, one of each bucket of keys."""
    asked = empty.to_bytes()
    buckets = int(frame.sparkSession.conf.get("spark.sql.shuffle.partitions") or 1) if empty.by else 0

    def batch(states: list[Accumulator]) -> Iterator[pa.RecordBatch]:
        for bucket, state in enumerate(states):
            written = [pa.array([bucket], pa.int32()), pa.array([state.to_bytes()], pa.binary())]
            yield pa.record_batch(written, [_BUCKET, _STATE])

    def read(batch: pa.RecordBatch) -> Iterator[Accumulator]:
        return map(Accumulator.from_bytes, batch.column(_STATE).to_pylist())

    def scan(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        state = Accumulator.from_bytes(asked)
        for rows in batches:
            update(state, rows)
        yield from batch(state.split(buckets) if buckets else [state])

    def reduce(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        parts = chain.from_iterable(map(read, batches))
        yield from batch([reduced(chain([Accumulator.from_bytes(asked)], parts))])

    schema = f"{_BUCKET} int, {_STATE} binary"
    states = frame.mapInArrow(scan, schema)
    if buckets:
        states = states.repartition(_BUCKET).mapInArrow(reduce, schema)
    with _described(frame.sparkSession, f"rstats: {empty!r}"):
        rows = states.select(_STATE).collect()
    return [Accumulator.from_bytes(bytes(row[_STATE])) for row in rows]


@contextmanager
def _described(spark: _SparkSession, what: str) -> Iterator[None]:
    """What Spark's own pages say of the jobs; a session of Connect has none."""
    context = getattr(spark, "_sc", None)
    if context is None:
        yield
        return
    before = context.getLocalProperty("spark.job.description")
    context.setJobDescription(what)
    try:
        yield
    finally:
        context.setLocalProperty("spark.job.description", before)


def _updated(state: Accumulator, batch: pa.RecordBatch) -> None:
    state.update(batch, threads=1)


def describe(df: _DataFrame, *, keep: int | None = None, **asked: Any) -> Description:
    """Statistics of the columns of a data frame, with the bits of `rstats.describe` of all of its rows.

    Parameters
    ----------
    df
        A data frame that is not streaming.
    keep
        About how many values of a column each partition keeps for the quantiles. Default: fewer, the more there are.
    asked
        The arguments of `rstats.Accumulator`: columns, by, stats, q, method, ddof, nan, null, min_count, level, trim,
        bias.

    Raises
    ------
    ValueError
        for a frame that has other values in a later pass: `cache` or `persist` it then.
    """
    if df.isStreaming:
        raise ValueError("a streaming data frame has no end, and no answer: rstats.windows describes streams")
    by, given = listed(asked.get("by")), asked.get("columns")
    names = listed(given) if given is not None else [name for name in df.columns if name not in by]
    if not names:
        raise ValueError("the data frame has no columns" + (f" beside {', '.join(by)}" if by else ""))
    frame = df.select(*[df[f"`{name.replace('`', '``')}`"] for name in dict.fromkeys([*by, *names])])
    # How many partitions there are is not known before: about as many as the cluster makes by default.
    return answer(question(200, keep, asked), lambda empty: _states(frame, _updated, empty))


def describe_parquet(
    spark: _SparkSession,
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    where: str | None = None,
    memory_limit: int | str | None = None,
    keep: int | None = None,
    **asked: Any,
) -> Description:
    """Statistics of Parquet files, with the bits of `rstats.describe_parquet`; the executors read the files, which
    each has to reach.

    `paths`, `where` and `memory_limit` (of each task) are those of `rstats.describe_parquet`, the others those of
    `describe`.
    """
    how: dict[str, Any] = {"where": where, "memory_limit": memory_limit}
    files, empty = question_of_files(paths, how, keep, asked)

    def update(state: Accumulator, batch: pa.RecordBatch) -> None:
        for place in batch.column(0).to_pylist():
            state.update_parquet(files[place], threads=1, **how)

    # A task a file: a range has one number in each partition, without a shuffle.
    tasks = spark.range(0, len(files), 1, max(len(files), 1))
    return answer(empty, lambda empty: _states(tasks, update, empty))
