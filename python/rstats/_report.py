"""The page about data in memory."""

import os
import tempfile
from collections.abc import Iterator
from typing import Any, Literal, overload

from ._rstats import Pairs, _page_questions, correlation, describe


@overload
def report(
    data: Any,
    path: None = None,
    *,
    columns: Any = None,
    by: Any = None,
    title: str | None = None,
    bins: int | Literal["auto"] = "auto",
    top: int = 10,
    correlations: int = 60,
    threads: int | None = None,
) -> str: ...
@overload
def report(
    data: Any,
    path: str | os.PathLike[str],
    *,
    columns: Any = None,
    by: Any = None,
    title: str | None = None,
    bins: int | Literal["auto"] = "auto",
    top: int = 10,
    correlations: int = 60,
    threads: int | None = None,
) -> None: ...
def report(
    data: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    columns: Any = None,
    by: Any = None,
    title: str | None = None,
    bins: int | Literal["auto"] = "auto",
    top: int = 10,
    correlations: int = 60,
    threads: int | None = None,
) -> str | None:
    """A page about a table to look at: one file of HTML that loads nothing.

    It has a card for each column by its kind: statistics, a histogram with a box plot, the most frequent texts, and
    what is worth a warning; then Pearson's r of every pair of columns of numbers. All figures are those of `describe`
    and `correlation`, exact. Nulls and NaNs are counted, and NaNs are left out of the statistics. For files of Parquet,
    CSV and others there is the command `rstats report`.

    Parameters
    ----------
    data
        What `describe` takes, but no stream or iterator: it is read several times.
    path
        The file to write, whole or not at all; without it the page is returned.
    columns
        The columns that are described, as of `describe`; default: all.
    by
        Names of columns, or keys, whose groups are compared on one scale, as of `describe`.
    title
        What the page is called; default: "Report".
    bins
        The number of bins of each histogram, or "auto".
    top
        How many of the most frequent texts of a column are shown.
    correlations
        The most columns of numbers whose pairs are correlated: of more none are.
    threads
        How many to use, 1 to 1024; default: one a core.

    Raises
    ------
    TypeError, ValueError
        as `describe`, and for a stream or an iterator.
    OSError
        where the file cannot be written.

    Examples
    --------
    >>> import rstats
    >>> page = rstats.report({"price": [1.0, 2.5, 4.0], "city": ["Rome", "Rome", "Oslo"]}, title="Prices")
    >>> "Frequent values" in page
    True
    """
    if isinstance(data, Iterator):
        message = (
            "a report reads its data several times, and a stream can be read once; collect it first, as read_all() does"
        )
        raise TypeError(message)
    stats, q = _page_questions()
    asked = {"columns": columns, "stats": stats, "q": q, "nan": "omit", "bins": bins, "top": top, "threads": threads}
    whole = describe(data, **asked)
    groups = None if by is None else describe(data, by=by, **asked)
    pairs = _pairs(data, [row["column"] for row in whole if row["kind"] == "number"], correlations, threads)
    return whole.report(path, title=title, groups=groups, pairs=pairs)  # type: ignore[call-overload,no-any-return]


def _pairs(data: Any, columns: list[str | None], most: int, threads: int | None) -> Pairs | None:
    """Pearson's r of these columns, which are all there are where they have no names."""
    if not 1 < len(columns) <= most:
        return None
    named = [column for column in columns if column is not None]
    if len(named) != len(columns):
        return correlation(data, nan="omit", threads=threads)
    if len(set(named)) != len(named):
        return None  # which one a name means is not known
    return correlation(data, columns=named, nan="omit", threads=threads)


def write(path: str | os.PathLike[str], text: str) -> None:
    """Write a file, whole or not at all."""
    folder = os.path.dirname(os.path.abspath(path))
    handle, unfinished = tempfile.mkstemp(suffix=".unfinished", dir=folder)
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(unfinished, 0o666 & ~umask)
        os.replace(unfinished, path)
    except BaseException:
        os.unlink(unfinished)
        raise
