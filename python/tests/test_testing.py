"""`rstats.testing.compare` catches what a port changes, and says why."""

from __future__ import annotations

import math
import statistics
from typing import Any

import numpy as np
import pytest
import rstats
from rstats.testing import Comparison, compare, ordinary_lists


def python(numbers: list[float]) -> Any:
    return {
        "range": max(numbers) - min(numbers),
        "quartiles": statistics.quantiles(numbers),
        "mean": statistics.mean(numbers),
        "stddev": statistics.stdev(numbers),
    }


def test_a_faithful_port_is_the_same() -> None:
    found = compare(python, rstats.compute_stats, strategy=ordinary_lists(), n=500)
    assert found, str(found)
    assert str(found) == "the same bits for 500 inputs"


@pytest.mark.parametrize(
    ("new", "place", "cause"),
    [
        (
            lambda x: python(x) | {"quartiles": np.quantile(x, [0.25, 0.5, 0.75]).tolist()},
            "quartiles[0]",
            "'exclusive'",
        ),
        (
            lambda x: python(x) | {"quartiles": statistics.quantiles(x, method="inclusive")},
            "quartiles[0]",
            "'inclusive'",
        ),
        (lambda x: python(x) | {"stddev": statistics.pstdev(x)}, "stddev", "the stddev with ddof=0"),
        (lambda x: python(x) | {"stddev": statistics.variance(x)}, "stddev", "the variance with ddof=1"),
        (lambda x: python(x) | {"mean": sum(x) / len(x)}, "mean", "rounding"),
        (lambda x: python(x) | {"mean": "?"}, "mean", "answers of another form"),
        (lambda x: 1 / 0, "", "the old one answers, the new one raises"),
        (lambda x: {"mean": statistics.mean(x)}, "", "answers of another form"),
    ],
)
def test_a_difference_has_its_cause(new: Any, place: str, cause: str) -> None:
    found = compare(python, new, strategy=ordinary_lists())
    assert not found and found.place == place and cause in str(found), str(found)


def test_nan_policy() -> None:
    def omitting(numbers: list[float]) -> float:
        return float(np.nanmean(numbers)) if any(not math.isnan(x) for x in numbers) else math.nan

    found = compare(lambda x: float(np.mean(x)), omitting, strategy=ordinary_lists().map(lambda x: [*x, math.nan]))
    assert found.cause == "the way with NaNs: the old one lets them through, the new one does not"


def test_the_input_is_shrunk() -> None:
    def wrong(numbers: list[float]) -> float:
        return sum(numbers) + (len(numbers) >= 5)

    found = compare(sum, wrong, strategy=ordinary_lists())
    assert isinstance(found, Comparison) and found.input == [0.0] * 5


@pytest.mark.filterwarnings("ignore")
def test_the_default_inputs_hurt() -> None:
    assert not compare(math.fsum, lambda x: float(np.sum(x)))
    assert compare(
        lambda x: rstats.describe(x).to_dicts(), lambda x: rstats.describe(np.array(x, dtype=float)).to_dicts(), n=300
    )
