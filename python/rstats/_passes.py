"""Passes over data in parts, wherever these are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

from ._rstats import Accumulator, Description, __version__, parquet_files

# Beside each other, the samples of all parts come to one place: those of few parts may be larger.
_KEPT_OF_ALL = 1 << 22
_KEPT = (1 << 12, 1 << 18)


def merge(parts: Iterable[Accumulator]) -> Accumulator:
    """One accumulator of what several have seen, in any order; these stay as they are.

    Parameters
    ----------
    parts
        Accumulators with the same arguments.

    Raises
    ------
    ValueError
        for no parts at all, and for accumulators that were not asked the same.

    Examples
    --------
    >>> import rstats
    >>> parts = [[1.0, 2.0], [6.0]]
    >>> rstats.merge(rstats.Accumulator(stats=["mean"]).update(part) for part in parts).summary()[0]["mean"]
    3.0
    """
    whole: Accumulator | None = None
    for part in parts:
        whole = part.copy() if whole is None else whole.merge(part)
    if whole is None:
        raise ValueError("there is nothing to merge: no part has come")
    return whole


def listed(names: str | Sequence[str] | None) -> list[str]:
    """Names of columns that are given as one, several or none."""
    return [names] if isinstance(names, str) else list(names or [])


def question(parts: int, keep: int | None, asked: dict[str, Any]) -> Accumulator:
    """An empty accumulator for `parts` parts. Without `keep`, each keeps fewer values, the more parts there are."""
    least, most = _KEPT
    kept = max(least, min(most, _KEPT_OF_ALL // max(parts, 1))) if keep is None else keep
    # Of groups there may be many.
    return Accumulator(keep=least if keep is None and asked.get("by") is not None else kept, **asked)


def question_of_files(
    paths: Any, how: dict[str, Any], keep: int | None, asked: dict[str, Any]
) -> tuple[list[str], Accumulator]:
    """The files that `paths` stand for, each of which is a part, and an empty accumulator that is aimed by them."""
    files = parquet_files(paths)
    empty = question(len(files), keep, asked)
    # Groups have the types of their columns from all files.
    return files, empty.aim_parquet(files, **how) if empty.may_need_passes or empty.by else empty


def updated_by_file(empty: Accumulator, how: dict[str, Any], path: str) -> Accumulator:
    """A copy of an accumulator, updated with a file, on one thread: there are as many tasks as there is to do."""
    return empty.copy().update_parquet(path, threads=1, **how)


def reduced(parts: Iterable[Accumulator]) -> Accumulator:
    """One bucket of all parts: its groups that are complete are answered."""
    return merge(parts).condense()


def answer(empty: Accumulator, scan: Callable[[Accumulator], Iterable[Accumulator]]) -> Description:
    """The answer for all parts. `scan` returns copies of an accumulator, each updated with a part, in any order."""
    with _workers_explained():
        # Merged as they come: the states of all parts need not be here at once.
        whole = merge(chain([empty], scan(empty)))
        while (again := whole.another_pass()) is not None:
            whole.settle(merge(chain([again], scan(again))))
    return whole.summary()


@contextmanager
def _workers_explained() -> Iterator[None]:
    """What an engine says of workers that cannot load rstats is pages long."""
    try:
        yield
    except Exception as error:
        if "No module named 'rstats" not in str(error) and "import of rstats" not in str(error):
            raise
        raise RuntimeError(
            f"a worker cannot import rstats: install rstats-arrow {__version__} wherever tasks run"
        ) from error
