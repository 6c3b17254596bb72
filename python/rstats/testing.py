"""Whether a port computes what the original does: `compare(old, new)` feeds both the same inputs, and says where they
part.

    def test_the_port():
        assert rstats.testing.compare(handler_in_python, handler_in_rust)

Needs `hypothesis`.
"""

from __future__ import annotations

import dataclasses
import math
import random
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from . import describe

__all__ = ["Comparison", "compare", "ordinary_lists"]

_METHODS: list[Any] = (
    "exclusive inclusive linear weibull median_unbiased hazen normal_unbiased inverted_cdf averaged_inverted_cdf "
    "closest_observation interpolated_inverted_cdf lower higher midpoint nearest nearest_half_up"
).split()
_PROBABILITIES = (0.25, 0.5, 0.75, 0.1, 0.9, 0.05, 0.95, 0.01, 0.99)


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What `compare` found: true if nothing differs.

    `input` is the smallest input that shows the difference, `place` where in the answers it is ("stddev",
    "quartiles[0]"; "" for the answer itself), `old` and `new` what stands there (or the exceptions that were raised),
    `cause` the likely reason.
    """

    inputs: int
    input: Any = None
    place: str | None = None
    old: Any = None
    new: Any = None
    cause: str | None = None

    def __bool__(self) -> bool:
        return self.cause is None

    def __str__(self) -> str:
        if self:
            return f"the same bits for {self.inputs} inputs"
        where = f" at {self.place}" if self.place else ""
        return f"different{where} for {self.input!r}: old {self.old!r}, new {self.new!r}\nlikely cause: {self.cause}"

    __repr__ = __str__


class _Different(Exception):
    pass


def compare(
    old: Callable[[Any], Any], new: Callable[[Any], Any], *, strategy: Any = None, n: int = 1000, seed: int = 0
) -> Comparison:
    """Calls both functions with `n` inputs, and compares the answers bit by bit.

    Parameters
    ----------
    old, new
        Functions of one argument. Their answers may be numbers, sequences, mappings and dataclasses, within each
        other; names and places are matched. Any NaN is as any other, an integer as the float of its value; an exception
        is an answer as well, and only its class is compared.
    strategy
        What hypothesis makes inputs of; by default lists of floats, finite and not, among them what hurts: constants,
        both zeros, large offsets, wide exponents. `ordinary_lists()` is one for what needs ordinary numbers.
    n
        How many inputs.
    seed
        Another seed makes other inputs; the same one makes the same.

    Returns
    -------
    Comparison
        The first difference, shrunk to the smallest input that shows it, with the likely cause: another definition of
        a quantile, another ddof, another way with NaNs, rounding.
    """
    import hypothesis

    found: list[tuple[Any, str, Any, Any]] = []
    count = 0

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=n,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        print_blob=False,
    )
    @hypothesis.given(_floats() if strategy is None else strategy)
    def check(data: Any) -> None:
        nonlocal count
        count += 1
        difference = _difference(_outcome(old, data), _outcome(new, data))
        if difference is not None:
            found.append((data, *difference))
            raise _Different

    try:
        check()
    except _Different:
        # The last one that was tried is the smallest.
        data, place, theirs, ours = found[-1]
        return Comparison(count, data, place, theirs, ours, _cause(old, new, data, place, theirs, ours))
    return Comparison(count)


def ordinary_lists(least: int = 2) -> Any:
    """A strategy: lists of at least `least` finite numbers between -1000 and 1000, without negative zeros."""
    from hypothesis import strategies as some

    return some.lists(some.floats(-1000, 1000).map(lambda value: value + 0.0), min_size=least, max_size=40)


def _floats() -> Any:
    from hypothesis import strategies as some

    ordinary = some.floats(-1000, 1000)
    number = some.one_of(
        ordinary,
        some.integers(-9, 9).map(float),
        some.floats(1e9, 1e9 + 1),
        some.floats(allow_nan=False, allow_infinity=False),
    )
    constant = some.tuples(number, some.integers(1, 20)).map(lambda pair: [pair[0]] * pair[1])
    odd = some.lists(some.one_of(number, some.sampled_from([0.0, -0.0, math.nan, math.inf])), max_size=20)
    return some.one_of(some.lists(ordinary, max_size=40), some.lists(number, max_size=40), constant, odd)


def _outcome(function: Callable[[Any], Any], data: Any) -> Any:
    try:
        return function(data)
    except Exception as error:
        return error


def _leaves(answer: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every number of an answer, with its place."""
    if dataclasses.is_dataclass(answer) and not isinstance(answer, (type, Mapping)):
        answer = {field.name: getattr(answer, field.name) for field in dataclasses.fields(answer)}
    if isinstance(answer, Mapping):
        for name in sorted(answer, key=str):
            yield from _leaves(answer[name], f"{place}.{name}" if place else str(name))
    elif hasattr(answer, "tolist"):
        yield from _leaves(answer.tolist(), place)
    elif isinstance(answer, Sequence) and not isinstance(answer, (str, bytes)):
        for index, item in enumerate(answer):
            yield from _leaves(item, f"{place}[{index}]")
    else:
        yield place, answer


def _same(old: Any, new: Any) -> bool:
    if isinstance(old, Exception) or isinstance(new, Exception):
        return type(old) is type(new)
    numbers = (int, float)
    if not isinstance(old, numbers) or not isinstance(new, numbers):
        return bool(old == new)
    if isinstance(old, float) and isinstance(new, float):
        return _bits(old) == _bits(new)
    return old == new


def _bits(value: float) -> bytes:
    return struct.pack("<d", math.nan if math.isnan(value) else value)


def _difference(old: Any, new: Any) -> tuple[str, Any, Any] | None:
    """The first place where two answers differ, and what stands there."""
    theirs, ours = dict(_leaves(old)), dict(_leaves(new))
    if theirs.keys() != ours.keys():
        return "", old, new
    places = (place for place in theirs if not _same(theirs[place], ours[place]))
    return next(((place, theirs[place], ours[place]) for place in places), None)


def _cause(old: Callable[[Any], Any], new: Callable[[Any], Any], data: Any, place: str, theirs: Any, ours: Any) -> str:
    if isinstance(theirs, Exception) or isinstance(ours, Exception):
        told = {True: "raises", False: "answers"}
        return f"the old one {told[isinstance(theirs, Exception)]}, the new one {told[isinstance(ours, Exception)]}"
    if not isinstance(theirs, (int, float)) or not isinstance(ours, (int, float)):
        return "answers of another form"
    holds_nan = isinstance(data, Sequence) and any(isinstance(value, float) and math.isnan(value) for value in data)
    if holds_nan and math.isnan(theirs) != math.isnan(ours):
        keeps, leaves = ("old", "new") if math.isnan(theirs) else ("new", "old")
        return f"the way with NaNs: the {keeps} one lets them through, the {leaves} one does not"
    before, after = _formulas(old, place), _formulas(new, place)
    if before and after and not before & after:
        return f"another definition: the old one is {_told(before)}, the new one {_told(after)}"
    if math.isfinite(theirs) and math.isfinite(ours):
        apart = abs(theirs - ours) / math.ulp(max(abs(theirs), abs(ours)))
        if apart <= 2**20:
            return f"rounding: {apart:g} units in the last place"
        if before and before == after and max(abs(theirs), abs(ours)) > 0:
            return f"rounding that cancels: both are {_told(before)} of ordinary data"
    return "none of those that are known (quantile definition, ddof, NaNs, rounding)"


def _told(formulas: frozenset[str]) -> str:
    # Where several definitions agree, the best known is named first.
    first, *others = (name for name, _ in _known(_PROBES[0]) if name in formulas)
    return first + (f" (or {', '.join(others[:2])})" if others else "")


def _formulas(function: Callable[[Any], Any], place: str) -> frozenset[str]:
    """Which statistics a place of the answer is, by what it is for ordinary lists."""
    left: frozenset[str] | None = None
    for data in _PROBES:
        value = dict(_leaves(_outcome(function, list(data)))).get(place)
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            return frozenset()
        known = _known(data)
        fitting = frozenset(name for name, known_value in known if math.isclose(value, known_value, rel_tol=1e-9))
        left = fitting if left is None else left & fitting
    return left or frozenset()


def _ordinary(size: int) -> tuple[float, ...]:
    rng = random.Random(size)
    return tuple(rng.uniform(1, 1000) for _ in range(size))


_PROBES = tuple(map(_ordinary, (9, 10, 11, 12, 23, 50)))

_KNOWN: dict[tuple[float, ...], list[tuple[str, float]]] = {}


def _known(data: tuple[float, ...]) -> list[tuple[str, float]]:
    """Statistics of a list, by name."""
    if data in _KNOWN:
        return _KNOWN[data]
    found = _KNOWN[data] = []
    for ddof in (0, 1, 2):
        row = describe(list(data), stats=["variance", "stddev", "sem"], q=(), ddof=ddof)[0]
        found += [(f"the {name} with ddof={ddof}", row[name]) for name in ("variance", "stddev", "sem")]
    for bias in (False, True):
        row = describe(list(data), stats=["skewness", "kurtosis"], q=(), bias=bias)[0]
        found += [(f"the {name} with bias={bias}", row[name]) for name in ("skewness", "kurtosis")]
    for method in _METHODS:
        row = describe(list(data), stats=(), q=_PROBABILITIES, method=method)[0]
        values = [
            value for name, value in row.items() if name not in ("column", "kind", "count", "null_count", "nan_count")
        ]
        found += [
            (f"the quantile {p} by '{method}'", value) for p, value in zip(sorted(_PROBABILITIES), values, strict=True)
        ]
    return found
