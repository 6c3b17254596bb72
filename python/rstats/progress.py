"""A bar for `describe_parquet(progress=…)`, on a terminal or in a notebook."""

from __future__ import annotations

import sys
import time
from typing import TextIO

__all__ = ["Bar"]


class Bar:
    """Draws how far `describe_parquet` has got, in one line that is written over: `progress=rstats.progress.Bar()`."""

    def __init__(self, file: TextIO | None = None, width: int = 30) -> None:
        self._file = sys.stderr if file is None else file
        self._width = width
        self._pass = 0
        self._since = 0.0
        self._length = 0

    def __call__(self, figures: dict[str, int]) -> None:
        if figures["pass"] != self._pass:
            self._pass, self._since = figures["pass"], time.monotonic()
        # The second half of groups reads rows that have no bytes of their own.
        unit = "bytes" if figures["bytes_total"] else "rows"
        share = min(figures[unit] / max(figures[f"{unit}_total"], 1), 1.0)
        spent = time.monotonic() - self._since
        filled = int(share * self._width)
        line = f"pass {self._pass} [{'#' * filled}{'.' * (self._width - filled)}] {share:4.0%}"
        line += f", {figures['files']:,}/{figures['files_total']:,} files, {figures['rows']:,} rows"
        if 0 < share < 1:
            line += f", {spent / share * (1 - share):.0f} s left"
        padding = " " * (self._length - len(line))
        self._length = len(line)
        print(f"\r{line}{padding}", end="" if share < 1 else "\n", file=self._file, flush=True)
