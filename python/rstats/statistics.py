"""Python's `statistics`, faster: `from rstats import statistics`.

Every public name of the running Python's module. `mean`, `fmean`, `median`, `median_low`, `median_high`, `quantiles`,
`variance`, `stdev`, `pvariance` and `pstdev` of finite floats (a list, a tuple, an iterator, an `array.array`, a
NumPy array of float64, Arrow data, a series of pandas or Polars) are computed by the kernels of rstats, which have
the same bits; the value, its type and every exception are those of the standard module, which answers for all other
data: `Fraction`, `Decimal`, integers, what is not finite, what overflows, arguments like `xbar=` and `weights=`.

The other functions are the standard module's own: `geometric_mean`, `correlation`, `covariance` and
`linear_regression` go through the C library or changed between versions of Python, `harmonic_mean` and `mode` are not
computed by a kernel yet. They take Arrow data as well.

Scalars of NumPy stay scalars of NumPy where the standard module keeps them. Arrow data is taken as its `to_pylist()`.
"""

from __future__ import annotations

import statistics as _standard
from collections.abc import Callable, Iterator
from functools import cache as _cache
from functools import wraps as _wraps
from itertools import chain as _chain
from itertools import islice as _islice
from statistics import *  # noqa: F403
from typing import Any

from ._rstats import drop_in as _drop_in

__all__ = _standard.__all__

# The module's own functions, as they were: whoever replaces them there by these must not get into a circle.
_own: dict[str, Callable[..., Any]] = {name: getattr(_standard, name) for name in __all__}


def _settled(data: Any) -> Any:
    """An iterator as a list, or, if it fails half-way, as an iterator that does so again."""
    if type(data) in (list, tuple) or iter(data) is not data:
        return data
    items: list[Any] = []
    try:
        # Not all at once: an iterator may have no end, and between two calls Ctrl-C is looked for.
        before = -1
        while len(items) > before:
            before = len(items)
            items.extend(_islice(data, 1 << 16))
    except Exception as error:
        return _chain(items, _failing(error))
    return items


def _failing(error: Exception) -> Iterator[Any]:
    raise error
    yield


@_cache
def _class_of_numpy(function: str) -> Any:
    """The class of the standard module's answer for scalars of NumPy."""
    import numpy

    answer = _own[function]([numpy.float64(1.0), numpy.float64(2.0)])
    return type(answer[0] if isinstance(answer, list) else answer)


def _plain(data: Any) -> Any:
    """Arrow data as Python's own numbers."""
    return data.to_pylist() if hasattr(data, "to_pylist") else data


def _of_plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of the standard module that takes Arrow data as its `to_pylist()`."""

    @_wraps(function)
    def of_plain(*arguments: Any, **options: Any) -> Any:
        return function(*map(_plain, arguments), **{name: _plain(value) for name, value in options.items()})

    return of_plain


def _answer(function: str, data: Any, options: dict[str, Any], *arguments: Any) -> Any:
    """The kernel's answer, or else the standard module's."""
    data = _settled(data)
    answer = _drop_in(function, data, *arguments)
    if answer is None:
        return _own[function](_plain(data), **options)
    if type(data).__module__ == "numpy":
        number = _class_of_numpy(function)
        return [number(one) for one in answer] if function == "quantiles" else number(answer)
    return answer


def mean(data: Any) -> Any:
    return _answer("mean", data, {})


def fmean(data: Any, *arguments: Any, **options: Any) -> Any:
    if arguments or options:
        return _of_plain(_own["fmean"])(data, *arguments, **options)
    return _answer("fmean", data, {})


def median(data: Any) -> Any:
    return _answer("median", data, {})


def median_low(data: Any) -> Any:
    return _answer("median_low", data, {})


def median_high(data: Any) -> Any:
    return _answer("median_high", data, {})


def quantiles(data: Any, *, n: Any = 4, method: Any = "exclusive") -> Any:
    if type(n) is not int or type(method) is not str or not 0 < n < 1 << 32:
        return _own["quantiles"](_plain(data), n=n, method=method)
    return _answer("quantiles", data, {"n": n, "method": method}, n, method)


def variance(data: Any, xbar: Any = None) -> Any:
    return _answer("variance", data, {}) if xbar is None else _own["variance"](_plain(data), xbar)


def stdev(data: Any, xbar: Any = None) -> Any:
    return _answer("stdev", data, {}) if xbar is None else _own["stdev"](_plain(data), xbar)


def pvariance(data: Any, mu: Any = None) -> Any:
    return _answer("pvariance", data, {}) if mu is None else _own["pvariance"](_plain(data), mu)


def pstdev(data: Any, mu: Any = None) -> Any:
    return _answer("pstdev", data, {}) if mu is None else _own["pstdev"](_plain(data), mu)


for _name, _function in _own.items():
    if globals()[_name] is not _function:
        globals()[_name].__doc__ = _function.__doc__
    elif not isinstance(_function, type):
        globals()[_name] = _of_plain(_function)
del _name, _function
