"""Where the lines of a curve go."""

import pytest

from tasks.html.charts import Point, curve


def test_higher_values_lie_higher_and_marked_points_have_rings() -> None:
    points = [Point("a", {"accuracy": 0.7}, True, "first"), Point("b", {"accuracy": 0.9}, False, "second")]
    chart = curve(points, {"accuracy": "negative"}, "retrainings")
    (_, left, low), (_, right, high) = chart.dots
    assert left < right
    assert high < low  # pixels count downwards
    assert chart.rings == [(left, low)]
    assert [caption for _, caption in chart.grid] == ["0.70", "0.75", "0.80", "0.85", "0.90"]


def test_many_points_share_few_captions() -> None:
    points = [Point(str(n), {"accuracy": 0.8}, False, "") for n in range(60)]
    assert len(curve(points, {"accuracy": "negative"}, "retrainings").ticks) <= 7


def test_no_points_are_no_curve() -> None:
    with pytest.raises(ValueError, match="at least one point"):
        curve([], {}, "retrainings")
