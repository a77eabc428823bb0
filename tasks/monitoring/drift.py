"""Compares tweets with the test rows of a registered model, records the verdict, and describes it."""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from models.classifiers.calibration import call_classes
from models.classifiers.pipeline import class_column
from models.drift.comparison import Comparison
from models.drift.estimated_accuracy import Estimate, Judged, density_ratios, estimate
from models.drift.familiarity import Familiarity
from models.drift.sample import Sample
from models.drift.verdict import LEVEL, Measured, judge, overall
from models.wording import counted
from tasks import tracking
from tasks.monitoring.page import drift_page
from tasks.monitoring.reference import Reference
from tasks.monitoring.window import Window, draw_window

logger = logging.getLogger(__name__)

STAGE = "drift"
LEAST_ROWS = 30  # a window of fewer is not tested, and uses up nothing of the level


@dataclass(frozen=True)
class Model:
    """A loaded model as it is compared: `predict`s as a logged model does."""

    logged: Any
    familiarity: Familiarity
    name: str
    version: str
    classes: tuple[str, ...] = ()

    def sample(self, rows: pa.Table) -> Sample:
        """What the model makes of these rows (text, keyword)."""
        answers = self.logged.predict(rows.select(["text", "keyword"]).to_pandas())
        texts = rows["text"].combine_chunks().cast(pa.string())
        tokens = self.logged.unwrap_python_model().classifier.tokenize(texts)
        return Sample(texts, tokens, *self._said(answers), self.familiarity)

    def _said(self, answers: Any) -> tuple[np.ndarray, np.ndarray]:
        """P(target = 1) and whether the row is called positive; of several classes that of each, and the likeliest."""
        if not self.classes:
            return answers["probability"].to_numpy(), answers["label"].to_numpy() == 1
        probabilities = answers[list(map(class_column, self.classes))].to_numpy()
        return probabilities, call_classes(probabilities, None)


def compare(chunks: Iterable[pa.Table], reference: Reference, model: Model, number: int) -> dict[str, Any]:
    """The drift of these tweets, the how-many-th window of the model, as `--json` prints it."""
    window = draw_window(chunks, reference.learned)
    labels = reference.rows["target"].to_numpy()
    if len(window.rows) < LEAST_ROWS:
        return _too_few(window, len(labels), number, model.classes)
    before = model.sample(reference.rows)
    new = ~window.rows["learned"].to_numpy()
    comparison = Comparison(before, model.sample(window.rows), labels, new)
    measures = judge(comparison.shifts, (len(labels), len(window.rows)), number)
    verdict = overall(measures)
    estimated = _estimate(comparison, measures)
    return {
        "verdict": verdict,
        "reason": _in_words(measures, len(window.rows), len(labels)),
        "rows": _rows(window, len(labels)),
        "window": number,
        "measures": [
            {**asdict(each), "tokens": comparison.tokens(each.name), "tweets": comparison.tweets(each.name)}
            for each in measures
        ],
        **_shares(comparison, model.classes),
        "estimate": asdict(estimated) | {"test_accuracy": float(np.mean(before.called.astype(np.int64) == labels))},
    }


def _shares(comparison: Comparison, classes: Sequence[str]) -> dict[str, Any]:
    """The share of positives before and, estimated, now; of several classes that of each by its name."""
    if not classes:
        found = comparison.label_shift
        return {"positives": {"before": found.before, "now": found.now, "interval": found.interval}}
    shift = comparison.class_shift
    now, ends = ([None] * len(classes) if each is None else each.tolist() for each in (shift.now, shift.intervals))
    return {
        "classes": {
            name: {"before": before, "now": share, "interval": interval}
            for name, before, share, interval in zip(classes, shift.before.tolist(), now, ends, strict=True)
        }
    }


def _estimate(comparison: Comparison, measures: list[Measured]) -> Estimate:
    """The accuracy that labels would show; by texts like those of the window where what they speak of has shifted."""
    reference, window = comparison.reference, comparison.window
    shifted = any(each.verdict == "shifted" for each in measures)
    weights = density_ratios(*comparison.vocabulary.affinities) if shifted else None
    new = comparison.unlearned
    strange = np.array([doubt is not None for doubt in window.doubts])[new]
    judged = Judged(reference.probabilities, reference.called), Judged(window.probabilities[new], window.called[new])
    foreign = float(strange.mean()) if len(strange) else 0.0
    return estimate(judged[0], comparison.labels, judged[1], weights, foreign)


def _rows(window: Window, reference: int) -> dict[str, int]:
    return {
        "read": window.read,
        "compared": len(window.rows),
        "learned": window.learned,
        "without_text": window.without_text,
        "reference": reference,
    }


def _too_few(window: Window, reference: int, number: int, classes: Sequence[str]) -> dict[str, Any]:
    estimated = Estimate.cannot_say(f"{counted(len(window.rows), 'different text')} of the window: too few")
    nothing = {"before": None, "now": None, "interval": None}
    return {
        "verdict": "cannot tell",
        "reason": f"{counted(len(window.rows), 'different text')} in {counted(window.read, 'row')}, it takes "
        f"{LEAST_ROWS} to compare",
        "rows": _rows(window, reference),
        "window": number,
        "measures": [],
        **({"classes": dict.fromkeys(classes, nothing)} if classes else {"positives": nothing}),
        "estimate": asdict(estimated) | {"test_accuracy": None},
    }


def most_shifted(measures: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Of the measures of a result that shifted, the one with the largest effect.

    >>> found = [("vocabulary", "same", 1.0), ("urls", "shifted", 0.2), ("labels", "shifted", -0.9)]
    >>> most_shifted([{"name": name, "verdict": verdict, "effect": effect} for name, verdict, effect in found])["name"]
    'labels'
    """
    return max((each for each in measures if each["verdict"] == "shifted"), key=lambda each: abs(each["effect"]))


def _in_words(measures: list[Measured], rows: int, reference: int) -> str:
    shifted = sorted((each for each in measures if each.verdict == "shifted"), key=lambda each: -abs(each.effect))
    if shifted:
        return ", ".join(f"{each.name.replace('_', ' ')} (effect {each.effect:+z.2f})" for each in shifted)
    if any(each.verdict == "cannot tell" for each in measures):
        return f"{counted(rows, 'row')} against {reference:,} could not have shown a medium shift"
    return f"no measure differs with {f'p < {LEVEL:g}'.replace('0.', '.')} after correction"


def window_number(version: str, source: str) -> int:
    """The how-many-th window of this version the source of this digest is; one that was watched keeps its number."""
    finished = f"tags.stage = '{STAGE}' and tags.version = '{version}' and tags.window != ''"
    watched = [run.data.tags["window"] for run in tracking.find_runs(finished, "attributes.start_time ASC")]
    distinct = list(dict.fromkeys(watched))
    return distinct.index(source) + 1 if source in distinct else len(distinct) + 1


def record(run: tracking.Run, result: dict[str, Any], source: str, title: str) -> None:
    """Keep the verdict, its figures and its page on the run."""
    figures = {f"drift/{each['name']}": each["effect"] for each in result["measures"]}
    figures |= {f"drift_p/{each['name']}": each["p_corrected"] for each in result["measures"]}
    figures |= {name: result["rows"][name] for name in ("read", "compared")}
    if result["estimate"]["accuracy"] is not None:
        figures |= {f"estimated/{name}": result["estimate"][name] for name in ("accuracy", "f1")}
    run.log_metrics(figures)
    run.log_text(json.dumps(result, indent=1, ensure_ascii=False), "drift.json")
    run.log_text(drift_page(result, title), "drift.html")
    run.tag(verdict=result["verdict"], window=source if result["measures"] else "")
