"""Dask's data frames and arrays, and Parquet files on a Dask cluster, with the bits of one process.

Needs `dask`. Each partition becomes a state of some kilobytes on its worker; quantiles take another pass or two.
Partitions that are not persisted are computed again for each pass; if they come out otherwise then, that is an error.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ._passes import answer, merge, question, question_of_files, reduced, updated_by_file
from ._rstats import Accumulator, Description, __version__

__all__ = ["describe", "describe_parquet"]

# As many states are merged by one task.
_MERGED = 16

# The keys of groups are dealt out to as many tasks at most.
_BUCKETS = 64


def _updated(empty: Accumulator, part: Any) -> Accumulator:
    return empty.copy().update(
        part.ravel() if hasattr(part, "ravel") and getattr(part, "ndim", 1) > 1 else part, threads=1
    )


# What a worker without rstats can evaluate.
_IS_THERE = "__import__('importlib.util').util.find_spec('rstats') is not None"


def _check_workers() -> None:
    """A worker that cannot import rstats would be asked for ever: it says why in its own log alone."""
    try:
        from dask.distributed import get_client

        client = get_client()
    except (ImportError, ValueError):
        return  # tasks run in this process
    found = client.run(eval, _IS_THERE, on_error="return")
    if lacking := [worker for worker, is_there in found.items() if is_there is not True]:
        raise RuntimeError(
            f"{len(lacking)} of {len(found)} workers cannot import rstats, such as {lacking[0]}: "
            f"install rstats-arrow {__version__} wherever tasks run"
        )


def _merged(states: list[Any], last: Callable[..., Accumulator] = merge) -> Any:
    """What a tree of tasks merges the states to."""
    import dask

    merged = dask.delayed(merge, name="rstats-merge")
    while len(states) > _MERGED:
        states = [merged(states[start : start + _MERGED]) for start in range(0, len(states), _MERGED)]
    return dask.delayed(last, name="rstats-merge")(states)


def _scanning(update: Callable[..., Accumulator], parts: list[Any]) -> Callable[[Accumulator], Iterable[Accumulator]]:
    import dask

    _check_workers()
    updated = dask.delayed(update, name="rstats-scan", pure=False)

    def scan(empty: Accumulator) -> Iterable[Accumulator]:
        question = dask.delayed(empty, name=False)
        states = [updated(question, *part) for part in parts]
        if not states or not empty.by:
            return dask.compute(_merged(states)) if states else ()
        # Each bucket of keys meets in a task of its own.
        buckets = min(len(states), _BUCKETS)
        split = [dask.delayed(Accumulator.split, name="rstats-split", nout=buckets)(state, buckets) for state in states]
        return dask.compute(*[_merged([keys[bucket] for keys in split], reduced) for bucket in range(buckets)])

    return scan


def describe(data: Any, *, keep: int | None = None, **asked: Any) -> Description:
    """Statistics of a Dask data frame, series, bag of batches or array, with the bits of `rstats.describe` of all of
    it.

    Parameters
    ----------
    data
        Anything with `to_delayed`. The values of an array of any number of dimensions are one series.
    keep
        About how many values of a column each partition keeps for the quantiles. Default: fewer, the more there are.
    asked
        The arguments of `rstats.Accumulator`: columns, by, stats, q, method, ddof, nan, null, min_count, level, trim,
        bias.

    Raises
    ------
    ValueError
        for a partition that has other values in a later pass: `persist` the data then.
    """
    if not hasattr(data, "to_delayed"):
        raise TypeError(f"a data frame or an array of Dask has to_delayed, and {type(data).__name__} has not")
    parts = data.to_delayed()
    flat = list(parts.ravel()) if hasattr(parts, "ravel") else list(parts)
    return answer(question(len(flat), keep, asked), _scanning(_updated, [(part,) for part in flat]))


def describe_parquet(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    where: str | None = None,
    memory_limit: int | str | None = None,
    keep: int | None = None,
    **asked: Any,
) -> Description:
    """Statistics of Parquet files, with the bits of `rstats.describe_parquet`; each task reads a file, which every
    worker has to reach.

    `paths`, `where` and `memory_limit` (of each task) are those of `rstats.describe_parquet`, the others those of
    `describe`.
    """
    how = {"where": where, "memory_limit": memory_limit}
    files, empty = question_of_files(paths, how, keep, asked)
    return answer(empty, _scanning(updated_by_file, [(how, path) for path in files]))
