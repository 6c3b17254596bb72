"""Draws the pictures of these pages, from what rstats computes: `python docs/pictures.py`, when one has changed."""

from __future__ import annotations

import random
from pathlib import Path
from xml.sax.saxutils import escape

import rstats

HERE = Path(__file__).parent / "pictures"

INK, PALE, BLUE, ORANGE, BAND = "#333", "#bbb", "#2166ac", "#d6604d", "#fddbc7"


class Picture:
    """An SVG picture, drawn element by element."""

    def __init__(self, width: int, height: int, title: str) -> None:
        self.head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
            f'font-family="system-ui, sans-serif" font-size="12" fill="{INK}">\n<title>{escape(title)}</title>\n'
            f'<rect width="{width}" height="{height}" fill="white"/>'
        )
        self.elements: list[str] = []

    def line(self, points: list[tuple[float, float]], color: str = INK, width: float = 1, dash: str = "") -> None:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        extra = f' stroke-dasharray="{dash}"' if dash else ""
        self.elements.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="{width}"{extra}/>')

    def box(self, x: float, y: float, width: float, height: float, fill: str, stroke: str = "none") -> None:
        place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
        self.elements.append(f'<rect {place} fill="{fill}" stroke="{stroke}" rx="2"/>')

    def dot(self, x: float, y: float, color: str = INK) -> None:
        self.elements.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{color}"/>')

    def text(self, x: float, y: float, text: str, anchor: str = "start", color: str = INK, size: int = 12) -> None:
        look = f'text-anchor="{anchor}" fill="{color}" font-size="{size}"'
        self.elements.append(f'<text x="{x:.1f}" y="{y:.1f}" {look}>{escape(text)}</text>')

    def arrow(self, x: float, y: float, to_x: float, to_y: float) -> None:
        self.line([(x, y), (to_x, to_y)], PALE, 2)
        self.line([(to_x - 6, to_y - 4), (to_x, to_y), (to_x - 6, to_y + 4)], PALE, 2)

    def write(self, name: str) -> None:
        HERE.mkdir(exist_ok=True)
        (HERE / name).write_text("\n".join([self.head, *self.elements, "</svg>", ""]), encoding="utf-8")


def corners(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points where a line turns, and its ends."""
    kept = points[:1]
    for (x, y), (x1, y1) in zip(points[1:], points[2:], strict=False):
        (x0, y0) = kept[-1]
        if abs((y - y0) * (x1 - x) - (y1 - y) * (x - x0)) > 1e-6:
            kept.append((x, y))
    return [*kept, points[-1]]


def quantiles() -> None:
    """Every definition on one sample."""
    values = [1.0, 2.0, 4.0, 7.0, 12.0]
    methods = [
        *("inverted_cdf", "averaged_inverted_cdf", "closest_observation", "lower", "higher"),
        *("nearest", "midpoint", "interpolated_inverted_cdf", "hazen", "linear"),
        *("inclusive", "weibull", "exclusive", "median_unbiased", "normal_unbiased"),
    ]
    probabilities = [k / 400 for k in range(401)]
    picture = Picture(800, 470, "The quantiles of 1, 2, 4, 7 and 12 at every probability, by each definition")
    for place, method in enumerate(methods):
        left, top = 30 + place % 5 * 155, 30 + place // 5 * 150
        row = rstats.describe(values, stats=(), q=probabilities, method=method)[0]
        found = [row[name] for name in row if name not in ("column", "kind", "count", "null_count", "nan_count")]

        def at(p: float, value: float, left: int = left, top: int = top) -> tuple[float, float]:
            return left + 125 * p, top + 100 - 100 * (value + 1) / 15

        picture.text(left, top - 6, method, size=11)
        picture.line([at(0, -1), at(1, -1)], PALE)
        picture.line([at(0, -1), at(0, 14)], PALE)
        for p in (0.25, 0.5, 0.75):
            picture.line([at(p, -1), at(p, 14)], "#eee")
        picture.line(corners([at(p, value) for p, value in zip(probabilities, found, strict=True)]), BLUE, 1.5)
        for rank, value in enumerate(values):
            picture.dot(*at((rank + 0.5) / 5, value), ORANGE)
        if place // 5 == 2:
            for p, name in ((0, "0"), (0.5, "p = ½"), (1, "1")):
                picture.text(*at(p, -3.2), name, "middle", size=10)
    picture.write("quantiles.svg")


def scan() -> None:
    """Parts are scanned, scans merge."""
    picture = Picture(720, 230, "Parts of a series are scanned apart, the scans merge, and the answer is one")
    for place, name in enumerate(["array", "row group", "batch", "other machine"]):
        y = 20 + 52 * place
        picture.box(10, y, 110, 34, "#eef3fa", BLUE)
        picture.text(65, y + 21, name, "middle")
        picture.arrow(122, y + 17, 168, y + 17)
        picture.box(170, y, 170, 34, "#fff7f3", ORANGE)
        picture.text(255, y + 21, "n  Σx  Σx²  min  max  brackets", "middle", size=11)
        picture.arrow(342, y + 17, 418, 95 + 10 * place)
    picture.box(420, 70, 110, 80, "#fff7f3", ORANGE)
    picture.text(475, 106, "one scan", "middle")
    picture.text(475, 124, "(any order)", "middle", size=11)
    picture.arrow(532, 100, 588, 100)
    picture.box(590, 78, 120, 44, "#eef3fa", BLUE)
    picture.text(650, 105, "summary", "middle")
    picture.line([(475, 152), (475, 205), (255, 216)], PALE, 1.5, "4 3")
    picture.text(500, 200, "if a bracket has missed: another pass", size=11)
    picture.write("scan.svg")


def window() -> None:
    """A block of values in one fixed-point window."""
    picture = Picture(720, 230, "Values of a block as whole numbers of one unit, in one window of bits")
    left, bit = 40, 6.2
    values = [1234.5678, 0.001, 98.6, -0.75, 5e-9]
    top, unit = 14, 14 - 101
    picture.box(left, 34, 101 * bit, 160, "#fafafa", PALE)
    picture.text(left, 26, "2^top")
    picture.text(left + 101 * bit, 26, "2^unit", "end")
    for row, value in enumerate(values):
        mantissa, exponent = abs(value).hex().split("p")
        first = int(exponent) + 1
        length = 53
        start = left + (top - first) * bit
        inside = min(length, first - unit)
        picture.box(start, 44 + 30 * row, inside * bit, 18, BLUE if first - unit >= length else ORANGE)
        picture.text(start + 6, 57 + 30 * row, f"{value!r}", color="white", size=11)
        assert mantissa.startswith("0x1")
    picture.text(
        left,
        214,
        "each value: 53 bits, somewhere in a window of 101 bits, so that sums are sums of whole numbers",
        size=11,
    )
    picture.write("window.svg")


def brackets() -> None:
    """Brackets around the quartiles."""
    randoms = random.Random(7)
    values = [randoms.lognormvariate(1.0, 0.45) for _ in range(40_000)]
    sample = sorted(values[::10])
    top, bins = 9.0, 180
    counts = [0] * bins
    for value in values:
        if value < top:
            counts[int(value / top * bins)] += 1
    picture = Picture(720, 240, "Brackets around the quartiles, from a sample: only the values in them are kept")

    def x(value: float) -> float:
        return 20 + 680 * value / top

    kept = 0
    for fraction in (0.25, 0.5, 0.75):
        margin = 3.5 * (len(sample) * fraction * (1 - fraction)) ** 0.5 + 2
        low = sample[int(fraction * len(sample) - margin)]
        high = sample[int(fraction * len(sample) + margin)]
        kept += sum(low <= value < high for value in values)
        picture.box(x(low), 20, x(high) - x(low), 180, BAND)
    for place, count in enumerate(counts):
        picture.box(
            20 + 680 * place / bins, 200 - 170 * count / max(counts), 680 / bins - 0.6, 170 * count / max(counts), BLUE
        )
    picture.line([(20, 200), (700, 200)])
    row = rstats.describe(values, stats=["q1", "median", "q3"])[0]
    for name in ("q1", "median", "q3"):
        picture.line([(x(row[name]), 16), (x(row[name]), 204)], ORANGE, 2)
        picture.text(x(row[name]), 218, name, "middle")
    words = (
        f"a sample of {len(sample)} in {len(values):,} values: {kept / len(values):.0%} of the values are in brackets"
    )
    picture.text(700, 36, words, "end", size=11)
    picture.text(700, 52, "(of 50 million, a sample of 1 in 200 leaves some 2 %)", "end", size=11)
    picture.write("brackets.svg")


def rounded_windows(values: list[float], rows: int) -> list[float]:
    """The rolling stddev by two running sums that are rounded, as some libraries have it."""
    found, total, squares = [], 0.0, 0.0
    for place, value in enumerate(values):
        total += value
        squares += value * value
        if place >= rows:
            old = values[place - rows]
            total -= old
            squares -= old * old
        variance = (squares - total * total / rows) / (rows - 1)
        found.append(max(variance, 0.0) ** 0.5)
    return found


def residue() -> None:
    """What an outlier leaves behind in running sums."""
    rows, outlier = 20, 60
    random.seed(20261128)
    values = [random.gauss(0, 1) for _ in range(240)]
    values[outlier] = 1e8
    exact = rstats.rolling(values, rows, stats=["stddev"], q=()).to_dict()["stddev"]
    rounded = rounded_windows(values, rows)
    picture = Picture(720, 250, "The standard deviation of 20 values, before and after an outlier of 10^8")

    def point(place: int, value: float) -> tuple[float, float]:
        return 40 + 660 * place / len(values), 205 - min(value, 2.5) * 70

    start, end = point(outlier, 0)[0], point(outlier + rows, 0)[0]
    picture.box(start, 20, end - start, 185, BAND)
    picture.text((start + end) / 2, 16, "in the window", "middle", size=11)
    for level in (0, 1, 2):
        picture.text(32, point(0, level)[1] + 4, str(level), "end", size=11)
        picture.line([point(0, level), point(len(values), level)], PALE, 0.5)
    for part in (range(rows, outlier), range(outlier + rows, len(values))):
        picture.line([point(place, rounded[place]) for place in part], ORANGE, 1.5)
        picture.line([point(place, exact[place]) for place in part], BLUE, 1.5)
    picture.text(250, 236, "rstats.rolling(values, 20)", color=BLUE)
    picture.text(450, 236, "two running sums, rounded", color=ORANGE)
    picture.write("residue.svg")


if __name__ == "__main__":
    for draw in (quantiles, scan, window, brackets, residue):
        draw()
