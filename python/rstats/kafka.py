"""Windows over topics of Kafka: what comes of `rstats.windows`, with the offsets in the state.

Needs `confluent-kafka`: `pip install rstats-arrow[kafka]`.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from ._rstats import Description, Windows

__all__ = ["windows"]


def _rows_of_json(messages: list[Any]) -> list[dict[str, Any]]:
    """The records of messages that are JSON objects, or arrays of them."""
    rows: list[dict[str, Any]] = []
    for message in messages:
        try:
            value = json.loads(message.value())
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"{message.topic()}, partition {message.partition()}, offset {message.offset()}: "
                f"the message is no JSON: {error}"
            ) from None
        rows.extend(value if isinstance(value, list) else [value])
    return rows


class _State:
    """Windows and offsets in a file, which is whole or absent."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    def read(self) -> Windows | None:
        try:
            return Windows.from_bytes(self._path.read_bytes())
        except FileNotFoundError:
            return None

    def write(self, windows: Windows, offsets: dict[str, int]) -> None:
        with tempfile.NamedTemporaryFile(dir=self._path.parent, prefix=".rstats-", delete=False) as file:
            try:
                file.write(windows.to_bytes(offsets))
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(self._path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise


def windows(
    conf: dict[str, Any],
    topic: str | list[str],
    size: Any = None,
    *,
    on: str,
    decode: Callable[[list[Any]], Any] = _rows_of_json,
    time_unit: str | None = None,
    state: str | os.PathLike[str] | None = None,
    idle_timeout: float | None = None,
    batch: int = 10_000,
    stop_at_end: bool = False,
    **question: Any,
) -> Iterator[Description]:
    """Exact statistics of windows of event time over topics of Kafka.

    Parameters
    ----------
    conf
        The configuration of the consumer, as confluent-kafka takes it: "bootstrap.servers" and "group.id" at least.
    topic
        The topic, or several.
    size, on
        How long a window is, and the name of the member that holds the time. "$timestamp" is the time of the message.
    decode
        Makes a table, whatever `rstats.describe` takes for one, of a list of messages of one partition. By default each
        message is a JSON object, or an array of them.
    time_unit
        What times count that are numbers: "s", "ms", "us" or "ns" since 1970. Text is ISO 8601.
    state
        A file for open windows and offsets. It is written each time windows have been handed out and the next ones are
        asked for, and read at the start: reading goes on from its offsets, whatever the broker has of the group.
    idle_timeout
        Seconds without a message after which a partition holds no window open; and, if nothing has come of any, the
        windows until the latest time so far are closed.
    batch
        The most messages that are taken at a time.
    stop_at_end
        Ends when the end of all partitions is reached, and closes all windows: for a topic that is read as a whole.
    question
        As of `rstats.Windows`: slide, gap, by, columns, stats, q, max_delay, …

    Yields
    ------
    Description
        The windows that have closed, as `rstats.windows` gives them.

    A partition is one of the watermark: windows wait for the slowest one. Without `state`, offsets are committed to the
    broker once the windows that a batch has closed have been handed out: after a crash, windows that were open lack the
    rows from before it. With `state` nothing is lost or counted twice: windows that are handed out again have the same
    `window_start`, keys and bits.

    Raises
    ------
    KafkaException
        for what the broker says.
    ValueError
        for a message that is no JSON, with its partition and offset, and what `Windows.push` refuses.
    """
    topics = [topic] if isinstance(topic, str) else list(topic)
    kept = None if state is None else _State(state)
    ours = (kept and kept.read()) or Windows(size, on=on, **question)
    offsets: dict[str, int] = dict(ours.position or {})
    last_seen: dict[str, float] = {}
    ended: set[str] = set()
    closed: list[Description] = []

    def name(partition: Any) -> str:
        return f"{partition.topic}/{partition.partition}"

    def assign(consumer: Any, partitions: list[Any]) -> None:
        for partition in partitions:
            ours.declare(name(partition))
            last_seen[name(partition)] = time.monotonic()
            if name(partition) in offsets:
                partition.offset = offsets[name(partition)]
        consumer.incremental_assign(partitions) if _is_cooperative(conf) else consumer.assign(partitions)

    def revoke(consumer: Any, partitions: list[Any]) -> None:
        for partition in partitions:
            last_seen.pop(name(partition), None)
            ended.discard(name(partition))
            # Its rows so far stay in their windows; whoever has it now does not hold ours open.
            closed.append(ours.remove(name(partition)))

    settings = {"enable.auto.commit": False, "auto.offset.reset": "earliest", **conf}
    settings["enable.partition.eof"] = True
    consumer = Consumer(settings)
    consumer.subscribe(topics, on_assign=assign, on_revoke=revoke)
    try:
        while True:
            messages = consumer.consume(batch, timeout=min(idle_timeout or 1.0, 1.0))
            by_partition: dict[str, list[Any]] = {}
            for message in messages:
                error = message.error()
                where = f"{message.topic()}/{message.partition()}"
                if error is None:
                    by_partition.setdefault(where, []).append(message)
                    ended.discard(where)
                elif error.code() == KafkaError._PARTITION_EOF:
                    ended.add(where)
                elif error.fatal() or not error.retriable():
                    raise KafkaException(error)
            for where, some in by_partition.items():
                rows = _with_times(decode(some), some, on, time_unit)
                closed.append(ours.push(rows, partition=where))
                offsets[where] = some[-1].offset() + 1
                last_seen[where] = time.monotonic()
            if idle_timeout is not None:
                idle = [where for where, seen in last_seen.items() if time.monotonic() - seen >= idle_timeout]
                closed.extend(ours.set_idle(where) for where in idle)
                if idle and len(idle) == len(last_seen):
                    closed.append(ours.flush())
            is_over = stop_at_end and bool(last_seen) and ended.issuperset(last_seen) and not by_partition
            if is_over:
                closed.append(ours.finish())
            handed_out = False
            for windows_ in closed:
                if len(windows_):
                    yield windows_
                    handed_out = True
            closed.clear()
            if kept is not None and (handed_out or by_partition):
                kept.write(ours, offsets)
            if by_partition:
                committed = [TopicPartition(*_place(where), offsets[where]) for where in by_partition]
                # The state knows better; the broker's offsets are for people and their monitors.
                with contextlib.suppress(KafkaException):
                    if kept is None:
                        consumer.commit(offsets=committed, asynchronous=False)
                    else:
                        consumer.commit(offsets=committed)
            if is_over:
                return
    finally:
        consumer.close()


def _place(where: str) -> tuple[str, int]:
    topic, _, partition = where.rpartition("/")
    return topic, int(partition)


def _is_cooperative(conf: dict[str, Any]) -> bool:
    return "cooperative" in str(conf.get("partition.assignment.strategy", ""))


def _with_times(rows: Any, messages: list[Any], on: str, unit: str | None) -> Any:
    """Rows of Python whose times are text or numbers, with datetimes in their place."""
    if not (isinstance(rows, list) and rows and isinstance(rows[0], dict)):
        return rows
    if on == "$timestamp":
        if len(rows) != len(messages):
            raise ValueError("'$timestamp' is the time of a message, and messages hold several rows: name a member")
        times = [message.timestamp()[1] for message in messages]
        unit = "ms"
    else:
        times = [row.get(on) for row in rows]
    columns: dict[str, list[Any]] = {key: [] for row in rows for key in row}
    for row in rows:
        for key, values in columns.items():
            values.append(row.get(key))
    columns[on] = [_time(value, on, unit) for value in times]
    return columns


_FACTORS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1000, "ns": 1}


def _time(value: Any, on: str, unit: str | None) -> Any:
    import datetime

    if value is None or isinstance(value, datetime.datetime):
        return value
    utc = datetime.UTC
    if isinstance(value, str):
        parsed = datetime.datetime.fromisoformat(value)
        return parsed.replace(tzinfo=utc) if parsed.tzinfo is None else parsed
    if unit is None:
        raise ValueError(f"the time '{on}' is the number {value}: say what it counts, with time_unit= s, ms, us or ns")
    if unit not in _FACTORS:
        raise ValueError(f"time_unit is s, ms, us or ns, not '{unit}'")
    microseconds = round(value * _FACTORS[unit] / 1000)
    return datetime.datetime(1970, 1, 1, tzinfo=utc) + datetime.timedelta(microseconds=microseconds)
