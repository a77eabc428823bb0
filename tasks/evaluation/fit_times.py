"""What one fit takes: the recorded time of every step from the tokens to the trained model, reused or not."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from tasks.steps import COMPUTED
from tasks.tracking import read_run
from tasks.tracking.step_graph import trace_back
from tasks.tracking.steps import Step, steps_below

# Reading and checking data, and dealing it out to folds, is not part of a fit.
OF_THE_DATA = ("check_tweets", "check_corpus", "gather_labelled", "exclude_texts", "fold_table")


def fit_seconds(root_id: str, fits: Iterable[Mapping[str, Path]]) -> dict[str, list[float]]:
    """Seconds of each fit of each model, pre-training included; a reused step counts with the time it once took."""
    steps = steps_below(root_id)
    seconds: dict[str, list[float]] = {}
    taken: dict[str, float] = {}
    for models in fits:
        for name, model in models.items():
            graph = trace_back([f"{model.parent.name}/{model.name}"], steps)
            fitting = [step for step in graph.steps if step.function not in OF_THE_DATA]
            seconds.setdefault(name, []).append(sum(_recorded(step, taken) for step in fitting))
    return seconds


def _recorded(step: Step, taken: dict[str, float]) -> float:
    """How long the run took that made this step's output; looked up once."""
    maker = step.tags.get("reused_from", step.run_id)
    if maker not in taken:
        metrics = read_run(maker).data.metrics
        taken[maker] = metrics.get(COMPUTED, metrics["duration_seconds"])  # on a cluster runs are open while they wait
    return taken[maker]


def cost_of(seconds: list[float], budget_minutes: float | None) -> dict[str, Any]:
    """Mean and longest fit, and whether the longest kept to the budget; None without one."""
    longest = max(seconds)
    return {
        "fit_seconds": round(fmean(seconds), 2),
        "longest_fit_seconds": round(longest, 2),
        "within_budget": None if budget_minutes is None else longest <= 60 * budget_minutes,
    }
