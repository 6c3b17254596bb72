"""Pictures of an answer, drawn from the summary alone: no value is read again."""

from typing import Any

from ._rstats import Description

# Box plots take these of each row.
_BOX = ("min", "q1", "median", "q3", "max")


def plot(description: Description, kind: str | None = None, ax: Any = None) -> Any:
    """Draw box plots, or histograms where there are any; see `Description.plot`."""
    import matplotlib.pyplot as plt

    rows = [row for row in description.to_dicts() if row["kind"] == "number" and row["count"]]
    if kind is None:
        kind = "hist" if any(row.get("histogram") for row in rows) else "box"
    if kind == "box":
        return _boxes(rows, plt.subplots()[1] if ax is None else ax)
    if kind == "hist":
        return _histograms(rows, plt, ax)
    raise ValueError(f"kind is 'box' or 'hist', not '{kind}'")


def _name(row: dict[str, Any]) -> str:
    """The column of a row, and its keys, which stand between the column's kind and its counts."""
    names = list(row)
    keys = names[names.index("kind") + 1 : names.index("count")]
    return ", ".join([str(row["column"] or ""), *(str(row[key]) for key in keys)])


def _boxes(rows: list[dict[str, Any]], ax: Any) -> Any:
    for name in _BOX:
        if any(name not in row for row in rows):
            raise ValueError(f"a box plot is made of {', '.join(_BOX)}, and {name} was not asked for")
    boxes = []
    for row in rows:
        low, q1, median, q3, high = (float(row[name]) for name in _BOX)
        reach = 1.5 * (q3 - q1)
        # Whiskers end at the fences, or at the extrema if these are nearer; extrema beyond them are points.
        whiskers = max(low, q1 - reach), min(high, q3 + reach)
        fliers = [value for value in (low, high) if not whiskers[0] <= value <= whiskers[1]]
        box = {"label": _name(row), "q1": q1, "med": median, "q3": q3, "fliers": fliers}
        boxes.append(box | {"whislo": whiskers[0], "whishi": whiskers[1]})
    ax.bxp(boxes, showfliers=True)
    ax.tick_params(axis="x", rotation=0 if len(boxes) < 6 else 90)
    return ax


def _histograms(rows: list[dict[str, Any]], plt: Any, ax: Any) -> Any:
    found = [(row, row["histogram"]) for row in rows if row.get("histogram")]
    if not found:
        raise ValueError("no histogram was asked for: describe(data, bins='auto').plot()")
    if ax is None:
        across = min(len(found), 4)
        down = -(-len(found) // across)
        figure, grid = plt.subplots(
            down, across, squeeze=False, figsize=(3.2 * across, 2.4 * down), layout="constrained"
        )
        axes = list(grid.flat)
        for unused in axes[len(found) :]:
            unused.remove()
    else:
        axes = [ax] * len(found)
    for (row, histogram), one in zip(found, axes, strict=False):
        one.stairs(histogram["counts"], histogram["edges"], fill=True, label=_name(row))
        if ax is None:
            one.set_title(_name(row))
    if ax is not None and len(found) > 1:
        ax.legend()
    return axes[0] if len(found) == 1 or ax is not None else axes[: len(found)]
