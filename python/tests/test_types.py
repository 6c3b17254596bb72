"""Every type at every length by every route, against sorted lists and exact rationals.

The series that are float64 have tests of their own (`test_bits.py`); these are all the others: decimals, floats and
integers of all widths, booleans, dictionaries, run ends, lists that mix what Python has. A series is made by its seed,
which a failure prints: `check(seed, path)`. `RSTATS_SERIES=5000000` runs 100,000 of them.
"""

from __future__ import annotations

import decimal
import json
import math
import os
import random
import statistics
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rstats

BATCHES = 20
SERIES = int(os.environ.get("RSTATS_SERIES", "102000")) // 50
LONGEST = 50_000

Exact = int | Fraction
# A value is exact, or one of these floats; None is a null.
Value = Exact | float | None


class Made:
    """A series: its values, what holds them, and whether it is one of floats."""

    def __init__(self, values: list[Value], array: Any, rng: random.Random, of_floats: bool = False) -> None:
        self.values, self.array, self.rng, self.of_floats = values, array, rng, of_floats


# -- Values ------------------------------------------------------------------------------------------------------------


def whole(rng: random.Random, n: int, low: int, high: int) -> list[int]:
    """Whole numbers of some distribution within bounds."""
    kind = rng.randrange(7)
    width = high - low
    if kind == 0:
        return [rng.randint(low, high) for _ in range(n)]
    if kind == 1:  # ties
        pool = [rng.randint(low, high) for _ in range(rng.randrange(1, 6))]
        return rng.choices(pool, k=n)
    if kind == 2:  # near each other, far from zero
        start = rng.randint(low, high)
        return [min(high, start + rng.randrange(1000)) for _ in range(n)]
    if kind == 3:  # heavy tails
        return [max(low, min(high, int(rng.paretovariate(0.3)) * rng.choice((1, -1)))) for _ in range(n)]
    if kind == 4:  # ascending, or descending
        return sorted((rng.randint(low, high) for _ in range(n)), reverse=rng.random() < 0.5)
    if kind == 5:  # around the integers that floats stop to hold
        return [max(low, min(high, rng.choice((1, -1)) * (2**53 + rng.randrange(-40, 40)))) for _ in range(n)]
    scale = rng.randrange(1, max(2, width.bit_length()))
    return [max(low, min(high, rng.getrandbits(scale) * rng.choice((1, -1)))) for _ in range(n)]


def with_nulls(rng: random.Random, values: list[Any]) -> list[Any]:
    share = rng.choice((0, 0, 0.02, 0.5, 1))
    return [None if share and rng.random() < share else value for value in values]


def integers(data_type: pa.DataType, low: int, high: int) -> Callable[[random.Random, int], Made]:
    def make(rng: random.Random, n: int) -> Made:
        values = with_nulls(rng, whole(rng, n, low, high))
        return Made(values, pa.array(values, data_type), rng)

    return make


def floats(bits: int) -> Callable[[random.Random, int], Made]:
    dtype, unsigned = {16: (np.float16, np.uint16), 32: (np.float32, np.uint32)}[bits]

    def make(rng: random.Random, n: int) -> Made:
        generator = np.random.default_rng(rng.getrandbits(64))
        kind = rng.randrange(4)
        if kind == 0:  # any bits that are finite
            array = generator.integers(0, 2**bits, n).astype(unsigned).view(dtype)
            array = np.where(np.isfinite(array), array, dtype(1.5)).astype(dtype)
        elif kind == 1:
            array = generator.normal(size=n).astype(dtype)
        elif kind == 2:
            array = generator.choice(np.array([-1.5, 0, 0.1, 7], dtype), n)
        else:
            with np.errstate(over="ignore"):
                array = np.exp(generator.normal(0, 2, n)).astype(dtype)
        if rng.random() < 0.15 and n:
            for special in rng.choice(([np.inf], [-np.inf], [np.inf, -np.inf], [np.nan], [np.nan, np.inf])):
                array[rng.randrange(n)] = special
        values = with_nulls(rng, [float(value) for value in array])
        data_type = pa.float16() if bits == 16 else pa.float32()
        mask = np.array([value is None for value in values], bool)
        exact: list[Value] = [v if v is None or not math.isfinite(v) else Fraction(v) for v in values]
        return Made(exact, pa.array(array, data_type, mask=mask), rng, of_floats=True)

    return make


def decimals(name: str, digits: int) -> Callable[[random.Random, int], Made]:
    def make(rng: random.Random, n: int) -> Made:
        precision = rng.randrange(1, digits + 1)
        scale = rng.choice((0, 0, 1, 2, precision, rng.randrange(0, precision + 1)))
        bound = 10**precision - 1
        units = with_nulls(rng, whole(rng, n, -bound, bound))
        data_type = getattr(pa, name)(precision, scale)
        width = data_type.bit_width // 8
        stored = pa.py_buffer(b"".join((unit or 0).to_bytes(width, "little", signed=True) for unit in units))
        validity = pa.array([unit is not None for unit in units], pa.bool_()).buffers()[1]
        array = pa.Array.from_buffers(data_type, n, [validity, stored])
        values = [None if unit is None else Fraction(unit, 10**scale) for unit in units]
        return Made(values, array, rng)

    return make


def booleans(rng: random.Random, n: int) -> Made:
    values = with_nulls(rng, [rng.random() < 0.3 for _ in range(n)])
    return Made([None if value is None else int(value) for value in values], pa.array(values, pa.bool_()), rng)


def dictionaries(rng: random.Random, n: int) -> Made:
    made = PLAIN[rng.choice(list(PLAIN))](rng, rng.randrange(1, 100))
    indices = with_nulls(rng, [rng.randrange(len(made.values)) for _ in range(n)])
    index_type = rng.choice((pa.int8(), pa.uint8(), pa.int16(), pa.int32(), pa.int64()))
    array = pa.DictionaryArray.from_arrays(pa.array(indices, index_type), made.array)
    return Made([None if index is None else made.values[index] for index in indices], array, rng, made.of_floats)


def run_ends(rng: random.Random, n: int) -> Made:
    made = PLAIN[rng.choice(list(PLAIN))](rng, rng.randrange(1, 200))
    lengths = [rng.choice((1, 1, 2, rng.randrange(1, 2000))) for _ in made.values]
    ends = np.cumsum(lengths)
    array = pa.RunEndEncodedArray.from_arrays(pa.array(ends, pa.int32()), made.array)
    values = [value for value, length in zip(made.values, lengths, strict=True) for _ in range(length)]
    return Made(values, array, rng, made.of_floats)


def mixed(rng: random.Random, n: int) -> Made:
    """What a list of Python may hold side by side."""
    values: list[Value] = []
    items: list[Any] = []
    kinds = rng.sample(("small", "wide", "float", "decimal", "bool", "null"), rng.randrange(1, 5))
    if kinds in (["bool"], ["null"], ["bool", "null"], ["null", "bool"]):
        kinds.append("wide")  # booleans alone have a test of their own
    offset = rng.choice((0, 10**15, 2**53, 2**80))
    for _ in range(n):
        match rng.choice(kinds):
            case "small":
                items.append(rng.randrange(-1000, 1000))
            case "wide":
                items.append(rng.choice((1, -1)) * (offset + rng.randrange(10 ** rng.choice((3, 15, 30)))))
            case "float":
                items.append(rng.choice((rng.gauss(0, 1e6), float(rng.randrange(-50, 50)), rng.random() * 1e30)))
            case "decimal":
                items.append(decimal.Decimal(rng.randrange(-(10**12), 10**12)).scaleb(-rng.choice((0, 2, 9))))
            case "bool":
                items.append(rng.random() < 0.5)
            case _:
                items.append(None)
        item = items[-1]
        values.append(None if item is None else Fraction(item))
    if not any(type(item) in (int, float, decimal.Decimal) for item in items):
        items.append(3)
        values.append(3)
    exact = any(type(item) is decimal.Decimal or type(item) is int and abs(item) > 2**53 for item in items)
    return Made(values, items, rng, of_floats=not exact)


PLAIN: dict[str, Callable[[random.Random, int], Made]] = {
    **{
        f"int{bits}": integers(getattr(pa, f"int{bits}")(), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        for bits in (8, 16, 32, 64)
    },
    **{f"uint{bits}": integers(getattr(pa, f"uint{bits}")(), 0, 2**bits - 1) for bits in (8, 16, 32, 64)},
    "float16": floats(16),
    "float32": floats(32),
    "decimal32": decimals("decimal32", 9),
    "decimal64": decimals("decimal64", 18),
    "decimal128": decimals("decimal128", 38),
    "decimal256": decimals("decimal256", 76),
    "bool": booleans,
}
TYPES = {**PLAIN, "dictionary": dictionaries, "run ends": run_ends, "mixed": mixed}


# -- Routes ------------------------------------------------------------------------------------------------------------


def cut(rng: random.Random, array: pa.Array) -> pa.ChunkedArray:
    places = sorted(rng.randrange(len(array) + 1) for _ in range(rng.randrange(0, 5)))
    bounds = [0, *places, len(array)]
    chunks = [array[low:high] for low, high in zip(bounds, bounds[1:], strict=False)]
    return pa.chunked_array(chunks, array.type)


def plain(array: pa.Array) -> pa.Array:
    """Without the form that it is stored in, where a route does not take it."""
    if pa.types.is_dictionary(array.type):
        return array.dictionary_decode()
    if pa.types.is_run_end_encoded(array.type):
        return pa.compute.run_end_decode(array)
    return array


def by_array(made: Made, options: dict[str, Any], _: Path) -> Any:
    return rstats.describe(pa.table({"x": made.array}), columns="x", **options)[0]


def by_chunks(made: Made, options: dict[str, Any], _: Path) -> Any:
    return rstats.describe(pa.table({"x": cut(made.rng, made.array)}), columns="x", **options)[0]


def by_slice(made: Made, options: dict[str, Any], _: Path) -> Any:
    array = plain(made.array)
    around = pa.concat_arrays([array[:3], array, array[:5]])
    first = min(3, len(array))
    return rstats.describe({"x": around[first : first + len(array)]}, columns="x", **options)[0]


def by_stream(made: Made, options: dict[str, Any], _: Path) -> Any:
    table = pa.table({"x": cut(made.rng, made.array)})
    return rstats.describe(table.to_reader(made.rng.randrange(1, LONGEST)), columns="x", **options)[0]


def by_groups(made: Made, options: dict[str, Any], _: Path) -> Any:
    """Its rows among those of other groups."""
    n = len(made.array)
    order = list(range(2 * n))
    made.rng.shuffle(order)
    array = pa.concat_arrays([plain(made.array)] * 2).take(pa.array(order, pa.int64()))
    keys = pa.array([int(place >= n) for place in order], pa.int8())
    rows = rstats.describe(pa.table({"k": keys, "x": array}), columns="x", by="k", **options)
    return rows[0] if len(rows) else by_array(made, options, _)


def by_lists(made: Made, options: dict[str, Any], _: Path) -> Any:
    array = plain(made.array)
    lists = pa.LargeListArray.from_arrays(pa.array([0, 0, len(array), len(array)], pa.int64()), array)
    return rstats.describe(lists, **options)[1]


def by_numpy(made: Made, options: dict[str, Any], path: Path) -> Any:
    """As one of three rows, or columns, of an array."""
    array = plain(made.array)
    if array.null_count or pa.types.is_decimal(array.type) or not len(array):
        return by_array(made, options, path)
    values = array.to_numpy(zero_copy_only=False)
    if made.rng.random() < 0.5:
        return rstats.describe(np.stack([values, values[::-1], values]), axis=1, **options)[1]
    return rstats.describe(np.stack([values, values[::-1]], axis=1), axis=0, **options)[1]


def by_objects(made: Made, options: dict[str, Any], _: Path) -> Any:
    return rstats.describe({"x": plain(made.array).to_pylist()}, columns="x", **options)[0]


def by_parquet(made: Made, options: dict[str, Any], path: Path) -> Any:
    array = plain(made.array)
    if pa.types.is_decimal(array.type) and array.type.scale > array.type.precision:
        return by_array(made, options, path)  # Parquet has no such decimals
    if pa.types.is_decimal(array.type) and array.type.bit_width < 128:
        array = array.cast(pa.decimal128(array.type.precision, array.type.scale))
    middle = made.rng.randrange(len(array) + 1)
    codec = made.rng.choice(("none", "snappy", "zstd", "gzip"))
    for place, part in enumerate((array[:middle], array[middle:])):
        pq.write_table(
            pa.table({"x": part}),
            path / f"{place}.parquet",
            row_group_size=made.rng.choice((100, 5_000, LONGEST)),
            data_page_size=made.rng.choice((500, 1 << 20)),
            use_dictionary=made.rng.random() < 0.5,
            compression=codec,
        )
    limit = {"memory_limit": "128MiB", "threads": 1} if made.rng.random() < 0.5 else {}
    if made.rng.random() < 0.2:
        return rstats.describe_parquet(path, columns="x", checkpoint=path / "state", **limit, **options)[0]
    return rstats.describe_parquet(path, columns="x", **limit, **options)[0]


ROUTES = {
    "array": by_array,
    "chunks": by_chunks,
    "slice": by_slice,
    "stream": by_stream,
    "groups": by_groups,
    "lists": by_lists,
    "NumPy": by_numpy,
    "objects": by_objects,
    "Parquet": by_parquet,
}


# -- What is right -----------------------------------------------------------------------------------------------------


def nearest(value: Exact) -> float:
    value = Fraction(value)
    try:
        return value.numerator / value.denominator
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def as_float(value: Exact | float, of_floats: bool) -> float | None:
    """The value itself, where it is interpolated in floats: beyond 2^53 that is so of series of floats alone."""
    if isinstance(value, float):
        return value
    rounded = nearest(value)
    is_held = math.isfinite(rounded) and Fraction(rounded) == value
    return rounded if is_held and (of_floats or abs(value) <= 2**53) else None


def position(method: str, p: float, n: int) -> tuple[int, int, Fraction]:
    """The two ranks around a quantile, and the weight of the upper one: by the formulae of `numpy.quantile` in floats,
    and by those of `statistics.quantiles` in whole numbers."""
    last = n - 1
    if method in ("exclusive", "inclusive"):
        if n == 1:
            return 0, 0, Fraction(0)
        cut = next((Fraction(round(p * d), d) for d in range(1, 10_001) if round(p * d) / d == p), Fraction(p))
        place = cut * (n + 1) - 1 if method == "exclusive" else cut * last
        low = min(max(math.floor(place), 0), n - 2 if method == "exclusive" else last)
        return low, min(low + 1, last), place - low
    if method in ("lower", "higher", "nearest"):
        rank = {"lower": math.floor, "higher": math.ceil, "nearest": round}[method](last * p)
        return rank, rank, Fraction(0)
    if method == "midpoint":
        index = 0.5 * (math.floor(last * p) + math.ceil(last * p))
        return between(index, n, Fraction(0) if index % 1 == 0 else Fraction(1, 2))
    if method == "inverted_cdf":
        rank = min(max(math.ceil(n * p - 1), 0), last)
        return rank, rank, Fraction(0)
    if method == "closest_observation":
        index = n * p - 1 - 0.5
        floor = math.floor(index)
        rank = floor if index == floor and floor % 2 == 1 else floor + 1
        return (rank := min(max(rank, 0), last)), rank, Fraction(0)
    if method == "averaged_inverted_cdf":
        index = n * p - 1
        return between(index, n, Fraction(1, 2) if index % 1 == 0 else Fraction(1))
    if method == "linear":
        return between(last * p, n)
    alpha, beta = {
        "interpolated_inverted_cdf": (0.0, 1.0),
        "hazen": (0.5, 0.5),
        "weibull": (0.0, 0.0),
        "median_unbiased": (1 / 3, 1 / 3),
        "normal_unbiased": (3 / 8, 3 / 8),
    }[method]
    return between(n * p + (alpha + p * (1 - alpha - beta)) - 1, n)


def between(index: float, n: int, gamma: Fraction | None = None) -> tuple[int, int, Fraction]:
    if index >= n - 1:
        return n - 1, n - 1, Fraction(0)
    if index < 0:
        return 0, 0, Fraction(0)
    low = math.floor(index)
    return low, low + 1, Fraction(index - low) if gamma is None else gamma


class Ordered:
    """Numbers in their order: those of one scale as whole numbers, and the infinities around them."""

    def __init__(self, numbers: list[Value]) -> None:
        finite = [v for v in numbers if not isinstance(v, float)]
        self.scale = math.lcm(*{v.denominator for v in finite if v is not None})
        self.units = sorted(v.numerator * (self.scale // v.denominator) for v in finite if v is not None)
        self.low, self.high = numbers.count(-math.inf), numbers.count(math.inf)

    def __len__(self) -> int:
        return self.low + len(self.units) + self.high

    def __getitem__(self, rank: int) -> Exact | float:
        rank -= self.low
        if 0 <= rank < len(self.units):
            return Fraction(self.units[rank], self.scale)
        return -math.inf if rank < 0 else math.inf

    def counts(self) -> Counter[int]:
        return Counter(self.units)


def interpolated(method: str, p: float, ordered: Ordered, of_floats: bool) -> float:
    low, high, gamma = position(method, p, len(ordered))
    a, b = ordered[low], ordered[high]
    if gamma == 0 and (method not in ("exclusive", "inclusive") or len(ordered) == 1):
        return rounded(a)
    x, y = as_float(a, of_floats), as_float(b, of_floats)
    if x is None or y is None:
        if isinstance(a, float) or isinstance(b, float):  # an infinity beside a number that no float holds
            x, y = (v if isinstance(v, float) else nearest(v) for v in (a, b))
            return (1 - float(gamma)) * x + float(gamma) * y
        return nearest(a + (b - a) * gamma)
    if not math.isfinite(y - x):
        return x if x == y else (1 - float(gamma)) * x + float(gamma) * y
    if method in ("exclusive", "inclusive"):
        delta, groups = gamma.numerator, gamma.denominator
        cut = next((d for d in range(1, 10_001) if round(p * d) / d == p), None)
        if cut is None:
            return nearest(Fraction(x) + (Fraction(y) - Fraction(x)) * gamma)
        delta, groups = delta * (cut // groups), cut
        return (x * (groups - delta) + y * delta) / groups
    t = float(gamma)
    return y - (y - x) * (1 - t) if t >= 0.5 else x + (y - x) * t


STATISTICS = ["min", "max", "range", "sum", "mean", "variance", "stddev", "mode", "n_unique", "n_zero", "n_negative"]


def expected(
    values: list[Value], method: str, probabilities: list[float], nan: str, ddof: int, of_floats: bool
) -> dict[str, Any]:
    there = [value for value in values if value is not None]
    numbers: list[Value] = [v for v in there if not (isinstance(v, float) and math.isnan(v))]
    nans = len(there) - len(numbers)
    right: dict[str, Any] = {
        "count": len(numbers) if nan == "omit" else len(there),
        "null_count": len(values) - len(there),
        "nan_count": nans,
    }
    names = [*STATISTICS, *probabilities]
    n = len(numbers)
    ordered = Ordered(numbers)
    tally = ordered.counts()  # ascending, as the units are
    if nans and nan == "propagate":
        right |= {name: math.nan for name in names}
    elif n == 0:
        right |= {name: None for name in names} | {"sum": 0.0}
    else:
        low, high = ordered[0], ordered[n - 1]
        right |= {"min": low, "max": high}
        if ordered.low or ordered.high:
            right["range"] = rounded(high) - rounded(low)
            right["sum"] = right["mean"] = (-math.inf if ordered.low else 0) + (math.inf if ordered.high else 0)
            right["variance"] = right["stddev"] = math.nan if n > ddof else None
        else:
            right["range"] = high - low
            units, scale = ordered.units, ordered.scale
            total, squares = sum(units), sum(unit * unit for unit in units)
            right["sum"], right["mean"] = Fraction(total, scale), nearest(Fraction(total, scale * n))
            spread, divisor = n * squares - total * total, n * (n - ddof) * scale * scale
            right["variance"] = nearest(Fraction(spread, divisor)) if n > ddof else None
            right["stddev"] = root(spread, divisor) if n > ddof else None
        right |= {p: interpolated(method, p, ordered, of_floats) for p in probabilities}
        most = max([*tally.values(), ordered.low, ordered.high])
        candidates = [-math.inf] if ordered.low == most else []
        candidates += [Fraction(unit, ordered.scale) for unit, count in tally.items() if count == most][:1]
        candidates += [math.inf] if ordered.high == most else []
        right["mode"] = candidates[0]
    propagated = bool(nans) and nan == "propagate"
    right["n_unique"] = len(tally) + bool(ordered.low) + bool(ordered.high) + propagated
    right["n_zero"] = tally[0]
    right["n_negative"] = sum(count for unit, count in tally.items() if unit < 0) + ordered.low
    return right


def root(numerator: int, denominator: int) -> float:
    """The root of a fraction, rounded once."""
    return float(statistics._float_sqrt_of_frac(numerator, denominator))  # type: ignore[attr-defined]


def rounded(value: Value) -> float:
    assert value is not None
    return value if isinstance(value, float) else nearest(value)


METHODS = (
    "exclusive inclusive inverted_cdf averaged_inverted_cdf closest_observation interpolated_inverted_cdf hazen "
    "weibull linear median_unbiased normal_unbiased lower higher midpoint nearest"
).split()


def same(found: Any, right: Any) -> bool:
    """Whether an answer is the number: a float the nearest one to it, an integer or a decimal the number itself."""
    if isinstance(right, Fraction) and found is not None:
        return found == nearest(right) if isinstance(found, float) else Fraction(found) == right
    if found is None or right is None:
        return found is right
    return found == right or math.isnan(found) and math.isnan(right)  # zeros of either sign are one


def check(seed: int, path: Path) -> None:
    rng = random.Random(seed)
    kind = rng.choice(list(TYPES))
    n = int(math.exp(rng.uniform(0, math.log(LONGEST + 1)))) - 1
    made = TYPES[kind](rng, n)
    method = rng.choice(METHODS)
    probabilities = sorted(
        {rng.choice((0.25, 0.5, 0.75, 0.0, 1.0, 0.999, 0.01, 1 / 3, rng.random())) for _ in range(4)}
    )
    nan, ddof = rng.choice(("propagate", "omit")), rng.choice((0, 1))
    options = {"method": method, "q": probabilities, "nan": nan, "ddof": ddof, "stats": STATISTICS}
    right = expected(made.values, method, probabilities, nan, ddof, made.of_floats)
    if isinstance(made.array, list):
        route = rng.choice(("list", "generator", "dict"))
        match route:
            case "list":
                found = rstats.describe(made.array, **options)[0]  # type: ignore[arg-type]
            case "generator":
                found = rstats.describe((item for item in made.array), **options)[0]  # type: ignore[arg-type]
            case _:
                found = rstats.describe({"x": made.array}, columns="x", **options)[0]  # type: ignore[arg-type]
    else:
        route = rng.choice(list(ROUTES))
        if kind == "bool" and route in ("objects", "Parquet") and not len(made.array) - made.array.null_count:
            route = "array"  # a list of nothing but None is of no type
        found = ROUTES[route](made, options, path)
    names = [name for name in found if name not in ("column", "kind", "row", "k")]
    rights = [right[name] for name in names[: -len(probabilities)]] + [right[p] for p in probabilities]
    for name, value in zip(names, rights, strict=True):
        told = f"seed {seed}: {kind} by {route}, {len(made.values)} rows, {options}"
        assert same(found[name], value), f"{told}: {name} is {found[name]!r}, not {value!r}"
        exact = name in ("min", "max", "range", "sum", "mode") and route != "objects" and is_exact(made.array)
        if exact and found[name] is not None:
            propagated = isinstance(found[name], float) and math.isnan(found[name])
            assert propagated or isinstance(found[name], (int, decimal.Decimal)), f"{told}: {name} is {found[name]!r}"


def is_exact(array: Any) -> bool:
    """Whether it holds nothing but integers or decimals."""
    if isinstance(array, list):
        return False
    data_type = array.type
    if pa.types.is_dictionary(data_type) or pa.types.is_run_end_encoded(data_type):
        data_type = data_type.value_type
    return pa.types.is_integer(data_type) or pa.types.is_decimal(data_type)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_every_type_by_every_route(batch: int, tmp_path: Path) -> None:
    for seed in range(batch, SERIES, BATCHES):
        folder = tmp_path / str(seed)
        folder.mkdir()
        check(seed, folder)


def test_bodies_of_json() -> None:
    """Numbers of JSON are floats, whatever their length: integers beyond 2^53 are rounded once."""
    rng = random.Random(7)
    for n in (0, 1, 5, 300, 3000, 20_000):
        values = with_nulls(rng, whole(rng, n, -(2**70), 2**70))
        row = rstats.describe_json(json.dumps({"x": values}), stats=STATISTICS, q=[0.25, 0.5])[0]
        floats: list[Value] = [None if value is None else Fraction(float(value)) for value in values]
        right = expected(floats, "linear", [0.25, 0.5], "propagate", 1, True)
        for name, key in zip(list(row)[2:], [*list(right)[:3], *STATISTICS, 0.25, 0.5], strict=True):
            assert same(row[name], right[key]), (n, name)


def test_the_quartile_that_was_wrong() -> None:
    """Above 2,048 decimals a cell looked as if it held a single key: q3 was 511950236192344."""
    values = np.random.default_rng(90).integers(-(10**15), 10**15, 13816)
    array = pa.array([decimal.Decimal(int(value)) for value in values], pa.decimal128(38, 0))
    assert rstats.describe(array)[0]["q3"] == 511983337570149.75
    for start in range(0, 40):
        values = np.random.default_rng(start).integers(-(10**15), 10**15, 3000 + 97 * start)
        array = pa.array([decimal.Decimal(int(value)) for value in values], pa.decimal128(38, 0))
        row = rstats.describe(array, q=[0.25, 0.5, 0.75, 0.999])[0]
        right = expected([int(value) for value in values], "linear", [0.25, 0.5, 0.75, 0.999], "propagate", 1, False)
        assert [row[name] for name in ("q1", "median", "q3", "p99.9")] == [right[p] for p in (0.25, 0.5, 0.75, 0.999)]
