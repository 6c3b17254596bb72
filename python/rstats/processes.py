"""Data in parts, described by several processes: the bits of one.

The parts are whatever a process can load: paths, ranges, keys of a store. Each process scans some of them, and sends
a state of some kilobytes; quantiles take another pass or two over the parts.

>>> import rstats.processes
>>> from concurrent.futures import ThreadPoolExecutor
>>> with ThreadPoolExecutor(2) as pool:
...     found = rstats.processes.describe([range(500), range(500, 1001)], pool=pool, stats=["mean"], q=[0.5])
>>> found[0]["mean"], found[0]["median"]
(500.0, 500.0)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing.pool import Pool
from typing import Any

from ._passes import answer, question, question_of_files, updated_by_file
from ._rstats import Accumulator, Description

__all__ = ["describe", "describe_parquet"]


def _updated(empty: Accumulator, load: Callable[[Any], Any] | None, part: Any) -> Accumulator:
    # Processes are as many as there is to do: each scans with one thread.
    return empty.copy().update(part if load is None else load(part), threads=1)


@contextmanager
def _mapping(pool: Executor | Pool | int | None) -> Iterator[Callable[..., Iterable[Accumulator]]]:
    """A function that maps on the pool, in any order."""
    if isinstance(pool, Pool):
        yield pool.imap_unordered
    elif isinstance(pool, Executor):
        yield pool.map
    elif pool is None or isinstance(pool, int):
        with ProcessPoolExecutor(pool) as own:
            yield own.map
    else:
        raise TypeError(
            "pool is an executor of concurrent.futures, a multiprocessing.Pool, or a number of processes, "
            f"not {type(pool).__name__}"
        )


def describe(
    parts: Iterable[Any],
    *,
    load: Callable[[Any], Any] | None = None,
    pool: Executor | Pool | int | None = None,
    keep: int | None = None,
    **asked: Any,
) -> Description:
    """Statistics of data in parts, with the bits of `rstats.describe` of all of it.

    Parameters
    ----------
    parts
        What the processes are given, one after the other. Without `load` these are the data themselves: series or
        tables, as `describe` takes them.
    load
        Makes the data of a part, in the process that scans it. It is called again for each pass, and has to return
        the same data then.
    pool
        An executor of `concurrent.futures`, a `multiprocessing.Pool`, or a number of processes. Default: a process
        for each core.
    keep
        About how many values of a column each part keeps for the quantiles. Default: fewer, the more parts there are
        (4,096 to 262,144).
    asked
        The arguments of `rstats.Accumulator`: columns, by, stats, q, method, ddof, nan, null, min_count, level, trim,
        bias.

    Raises
    ------
    ValueError
        for a part that has other values in a later pass, and for a column whose type differs between parts.
    """
    parts = list(parts)
    empty = question(len(parts), keep, asked)
    with _mapping(pool) as mapped:
        return answer(empty, lambda empty: mapped(partial(_updated, empty, load), parts))


def describe_parquet(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    where: str | None = None,
    memory_limit: int | str | None = None,
    pool: Executor | Pool | int | None = None,
    keep: int | None = None,
    **asked: Any,
) -> Description:
    """Statistics of Parquet files, with the bits of `rstats.describe_parquet`; each process reads some of the files.

    `paths`, `where` and `memory_limit` (of each process) are those of `rstats.describe_parquet`, the others those of
    `describe`.
    """
    how = {"where": where, "memory_limit": memory_limit}
    files, empty = question_of_files(paths, how, keep, asked)
    with _mapping(pool) as mapped:
        return answer(empty, lambda empty: mapped(partial(updated_by_file, empty, how), files))
