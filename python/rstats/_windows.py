"""`windows`: the windows of a stream that is read here."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from ._rstats import Description, Windows, _batches, _stream

_END = object()


def _batches_of(source: Any) -> Iterator[Any]:
    """The batches of a source: those of an Arrow stream, what an iterator gives, or a table as a whole."""
    batches = _batches(source)
    if batches is not None:
        return iter(batches)
    if isinstance(source, Iterator):
        return source
    if isinstance(source, Iterable) and not (
        hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__") or hasattr(source, "keys")
    ):
        return iter(source)
    return iter([source])


class WindowStream:
    """The closed windows of a stream, as they close: see `windows`.

    An iterator of `Description`, an asynchronous one where the source is, and an Arrow stream: `__arrow_c_stream__`. It
    runs once. `windows` is the `Windows` that the batches go through: with the watermark, and of the rows how many were
    late (`windows.late_rows`) or had no time (`windows.null_time_rows`).
    `idle_flushes` counts how often nothing had come for `idle_timeout`.
    """

    def __init__(self, source: Any, windows: Windows, idle_timeout: float | None) -> None:
        self.windows = windows
        self.idle_flushes = 0
        self._source = source
        self._idle_timeout = idle_timeout
        self._closed = self._close_all()

    def __repr__(self) -> str:
        return f"WindowStream({self.windows!r})"

    def __iter__(self) -> Iterator[Description]:
        return self

    def __next__(self) -> Description:
        while True:
            closed = next(self._closed)
            if len(closed):
                return closed

    def _close_all(self) -> Iterator[Description]:
        """What each batch closes, be it nothing."""
        if hasattr(self._source, "__aiter__"):
            raise TypeError("the batches are asynchronous: write `async for`")
        batches = _batches_of(self._source)
        for batch in batches if self._idle_timeout is None else self._awaited(batches):
            if batch is None:
                self.idle_flushes += 1
                yield self.windows.flush()
            else:
                yield self.windows.push(batch)
        yield self.windows.finish()

    def _awaited(self, batches: Iterator[Any]) -> Iterator[Any]:
        """The batches, read by another thread; None where nothing has come for too long."""
        ready: queue.Queue[Any] = queue.Queue(maxsize=2)
        stopped = threading.Event()

        def put(item: Any) -> bool:
            while not stopped.is_set():
                try:
                    ready.put(item, timeout=0.1)
                except queue.Full:
                    continue
                return True
            return False

        def read() -> None:
            try:
                for batch in batches:
                    if not put((batch, None)):
                        return
            except BaseException as error:  # it is raised where the batches are asked for
                put((None, error))
            else:
                put((_END, None))

        threading.Thread(target=read, daemon=True, name="rstats-windows").start()
        was_idle = False
        try:
            while True:
                try:
                    batch, error = ready.get(timeout=self._idle_timeout)
                except queue.Empty:
                    if not was_idle:
                        yield None
                    was_idle = True
                    continue
                was_idle = False
                if error is not None:
                    raise error
                if batch is _END:
                    return
                yield batch
        finally:
            stopped.set()

    async def __aiter__(self) -> AsyncIterator[Description]:
        if not hasattr(self._source, "__aiter__"):
            for closed in self:
                yield closed
            return
        batches = aiter(self._source)
        while True:
            following: asyncio.Future[Any] = asyncio.ensure_future(anext(batches, _END))
            try:
                done, _ = await asyncio.wait({following}, timeout=self._idle_timeout)
                if not done:
                    self.idle_flushes += 1
                    closed = await asyncio.to_thread(self.windows.flush)
                    if len(closed):
                        yield closed
                batch: Any = await following
            finally:
                following.cancel()
            if batch is _END:
                break
            closed = await asyncio.to_thread(self.windows.push, batch)
            if len(closed):
                yield closed
        closed = await asyncio.to_thread(self.windows.finish)
        if len(closed):
            yield closed

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        # The first batch tells the columns of the answer, whether it closes a window or not.
        first = next(self._closed)
        return _stream(first, self._closed, requested_schema)


def windows(
    batches: Any,
    size: Any = None,
    *,
    on: str,
    idle_timeout: float | None = None,
    **question: Any,
) -> WindowStream:
    """Exact statistics of windows of event time, over batches that may never end.

    Parameters
    ----------
    batches
        A stream of Arrow (a reader of pyarrow, ADBC or Flight, a relation of DuckDB, a `LazyFrame`), an iterable or an
        asynchronous iterable of tables, or one table: whatever `describe` takes for one.
    size, on
        How long a window is ("5min"), and the name of the column of times.
    idle_timeout
        Seconds after which, if nothing has come, the windows until the latest time so far are closed: else the last
        ones of a quiet stream stay open. Rows of these windows that still come are late.
    question
        As of `Windows`, which says what a window is, when it closes, and which rows are late: slide, gap, offset, by,
        columns, stats, q, method, ddof, nan, null, min_count, level, trim, bias, max_delay, max_ahead, late,
        partitions, memory_limit.

    Returns
    -------
    WindowStream
        An iterator of `Description`: the windows that a batch closes, with `window_start`, `window_end`, the keys and
        the statistics, in the order of the ends and then of the keys. At the end of the batches all others close. Also
        an asynchronous iterator, and an Arrow stream (`pyarrow.RecordBatchReader.from_stream(...)`).

    Examples
    --------
    >>> import datetime, rstats
    >>> start = datetime.datetime(2026, 1, 1)
    >>> def batches():
    ...     for hour in range(4):
    ...         yield {"ts": [start + datetime.timedelta(hours=hour)] * 2, "temp": [hour, hour + 1.0]}
    >>> for closed in rstats.windows(batches(), "2h", on="ts", stats=["mean"], q=()):
    ...     print(closed[0]["window_start"], closed[0]["mean"])
    2026-01-01 00:00:00 1.0
    2026-01-01 02:00:00 3.0
    """
    return WindowStream(batches, Windows(size, on=on, **question), idle_timeout)
