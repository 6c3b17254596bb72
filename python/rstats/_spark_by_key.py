"""What each key of a Spark data frame is asked alone: Spark brings its rows to one place, in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ._passes import listed
from ._rstats import rolling as _rolling
from ._windows import windows as _windows

if TYPE_CHECKING:
    from pyspark.sql import DataFrame as _DataFrame

__all__ = ["rolling", "windows"]


def _in_order(df: _DataFrame, by: list[str], order: list[str]) -> _DataFrame:
    """All rows of a key in one partition, in this order."""
    if df.isStreaming:
        raise ValueError("a streaming data frame has no end: rstats.windows describes streams")
    if not by:
        raise ValueError("by names no column of keys: without one, all rows come to one worker; use rstats there")
    column = [df[f"`{name.replace('`', '``')}`"] for name in (*by, *order)]
    return df.repartition(*column[: len(by)]).sortWithinPartitions(*column[len(by) :])


def _as_spark_has_it(schema: pa.Schema) -> pa.Schema:
    """Spark has no unsigned integers, and its times are in microseconds."""

    def type_of(field: pa.Field) -> pa.DataType:
        if pa.types.is_timestamp(field.type):
            return pa.timestamp("us", field.type.tz)
        return pa.int64() if field.type == pa.uint64() else field.type

    return pa.schema([pa.field(field.name, type_of(field)) for field in schema])


def rolling(
    df: _DataFrame, window: int | str, *, on: str | Sequence[str], by: str | Sequence[str], **asked: Any
) -> _DataFrame:
    """The rows of a data frame, with the statistics of the window of each row: those of `rstats.rolling`, to the bit.

    Parameters
    ----------
    df
        A data frame that is not streaming.
    window
        A number of rows, or a span of time ("5min"), as of `rstats.rolling`.
    on
        The column that the rows of a key are in the order of; for a window of time, that of the times. Of several
        columns, those after the first one order rows that are equal in it: else their order is Spark's, which may be
        another one each time.
    by
        The columns of keys: a window holds rows whose keys are those of its row.
    asked
        The other arguments of `rstats.rolling`, but `step` and `threads`. Default for `columns`: every column of
        numbers that is none of `on` and `by`.

    Returns
    -------
    DataFrame
        The columns of `df`, then those of the answer: counts are long, all others double.

    Raises
    ------
    ValueError
        for answers that are named as columns of `df` are. What `rstats.rolling` says of the data comes from the worker.

    The rows of a key come to one worker (`repartition`), which holds all rows of a partition in memory.
    """
    keys, order = listed(by), listed(on)
    if {"step", "threads"} & asked.keys():
        raise TypeError("every row of the data frame has an answer, and Spark has the threads: no step, no threads")
    of_time: dict[str, Any] = {} if isinstance(window, int) else {"on": order[0]}
    apart = [name for name in order if name not in of_time.values()] if asked.get("columns") is None else []

    def answers(rows: pa.Table) -> pa.Table:
        found = pa.table(_rolling(rows.drop_columns(apart), window, by=keys, threads=1, **of_time, **asked))
        return found.cast(_as_spark_has_it(found.schema))

    def roll(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for first in batches:
            rows = pa.Table.from_batches(chain([first], batches))
            found = answers(rows)
            for name in found.column_names:
                rows = rows.append_column(name, found[name])
            yield from rows.to_batches()

    frame = _in_order(df, keys, order)
    names = answers(df.limit(0).toArrow()).schema
    if taken := [name for name in names.names if name in df.columns]:
        raise ValueError(f"the data frame has a column '{taken[0]}' already, as an answer is named: rename it")
    return frame.mapInArrow(roll, _with_fields(df.schema, names))


def windows(df: _DataFrame, size: str | None = None, *, on: str, by: str | Sequence[str], **asked: Any) -> _DataFrame:
    """Windows of event time by keys: those of `rstats.windows`, to the bit.

    Parameters
    ----------
    df
        A data frame that is not streaming.
    size
        How long a window is: "5min", "1h", "1d".
    on
        The column of the times.
    by
        The columns of keys.
    asked
        The other arguments of `rstats.windows` that concern finite data: slide, gap, offset, columns, stats, q,
        method, ddof, nan, null, min_count, level, trim, bias, memory_limit (of each task).

    Returns
    -------
    DataFrame
        A row for each window, key and column: `window_start`, `window_end`, the keys, `column`, then the statistics;
        counts are long. Rows of one partition are in the order of the windows.

    The rows of a key come to one worker (`repartition`) in the order of their times, so that none is late, and windows
    leave as they close: a worker holds the open ones.
    """
    keys = listed(by)

    def described(batches: Any) -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_stream(_windows(batches, size, on=on, by=keys, **asked))

    def roll(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for first in batches:
            found = described(chain([first], batches))
            yield from (batch.cast(_as_spark_has_it(batch.schema)) for batch in found)

    schema = _as_spark_has_it(described(df.limit(0).toArrow()).schema)
    return _in_order(df, keys, [on]).mapInArrow(roll, _with_fields(None, schema))


def _with_fields(fields: Any, more: pa.Schema) -> Any:
    """Fields of Spark, and more of them."""
    from pyspark.sql.pandas.types import from_arrow_schema
    from pyspark.sql.types import StructType

    return StructType([*(fields or []), *from_arrow_schema(more, prefer_timestamp_ntz=True)])
