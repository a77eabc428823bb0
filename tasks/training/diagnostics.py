"""Understanding one trained model: how sure it may be, where it errs, what it does when a sentence changes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from models.wording import snake_case
from tasks.html.fact_sheet import sheet_markdown, sheet_page
from tasks.tracking import Run, read_run
from tasks.training.error_analysis import Mistake, SliceMistakes, Totals, errors_page
from tasks.training.model_card import model_card

if TYPE_CHECKING:
    from models.classifiers.pipeline import TextClassifier
    from models.classifiers.target import Target
    from models.inspection.behaviour import BehaviourResult
    from models.metrics.slices import SliceScore
    from tasks.training.labelled_tweets import Labelled

MISTAKES_SHOWN = 50
Probabilities = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Tested:
    """A classifier, the test rows and what it said of them."""

    classifier: "TextClassifier"
    tweets: pa.Table
    labels: np.ndarray
    probabilities: np.ndarray
    unknown: np.ndarray  # share of words of each tweet that the classifier does not know

    @property
    def called(self) -> np.ndarray:
        """The class that each row is called, int64 (rows,)."""
        return self.classifier.call(self.probabilities)


def record(
    run: Run, data: "Labelled", classifier: "TextClassifier", probabilities: Probabilities, uncalibrated: Probabilities
) -> None:
    """Log calibration, slices, mistakes, behaviour tests and the model card; probabilities are by split."""
    from models.inspection.behaviour import check_behaviour
    from models.metrics.slices import unknown_shares

    rows = data.rows("test")
    unknown = unknown_shares(data.tokens.take(rows), classifier.known_words)
    tweets = data.tweets.take(pa.array(rows))
    tested = Tested(classifier, tweets, data.labels[rows], probabilities["test"], unknown)
    run.log_metrics({"test/unknown_words": float(unknown.mean()), **_counts(data)})
    _record_calibration(run, data, probabilities, uncalibrated)
    scores = _record_slices(run, tested, data.target)
    run.log_text(mistakes_page(tested, scores), "mistakes.html")
    # Which of several classes is a disaster, the written sentences do not know.
    behaviour = [] if data.target.names else check_behaviour(classifier)
    if behaviour:
        _record_behaviour(run, behaviour)
    run.later(_record_card, scores, behaviour)


def _record_card(run: Run, scores: "Sequence[SliceScore]", behaviour: "Sequence[BehaviourResult]") -> None:
    """Log the model card, which tells what the run says of the model so far."""
    card = model_card(read_run(run.run_id), read_run(run.root_id), scores, behaviour)
    run.log_text(sheet_markdown(card), "model-card.md")
    run.log_text(sheet_page(card), "model-card.html")


def _counts(data: "Labelled") -> dict[str, float]:
    """Rows and positives of each split, or rows of each of several classes."""
    found: dict[str, float] = {}
    for split in ("train", "validation", "test"):
        labels = data.labels[data.rows(split)]
        found[f"tweets/{split}"] = len(labels)
        if not data.target.names:
            found[f"tweets/{split}_positives"] = int(labels.sum())
        for number, name in enumerate(data.target.names):
            found[f"tweets/{split}/{snake_case(name)}"] = int((labels == number).sum())
    return found


def _record_calibration(run: Run, data: "Labelled", probabilities: Probabilities, uncalibrated: Probabilities) -> None:
    """Calibration before the temperature, where one was fitted, and the picture of both."""
    from models.figures import reliability

    fitted = uncalibrated["test"] is not probabilities["test"]
    for split, raw in uncalibrated.items() if fitted else ():
        scores = data.target.scores(data.labels[data.rows(split)], raw)
        run.log_metrics({f"{split}/uncalibrated_{name}": scores[name] for name in ("ece", "log_loss")})
    labels, after, before = data.labels[data.rows("test")], probabilities["test"], uncalibrated["test"]
    if data.target.names:  # of the class that is called, which dividing by a temperature does not change
        right = (after.argmax(axis=1) == labels).astype(float)
        share = "share called rightly"
        figure = reliability(right, after.max(axis=1), before.max(axis=1) if fitted else None, share)
    else:
        figure = reliability(labels, after, before if fitted else None)
    run.log_figure(figure, "reliability")


def _record_slices(run: Run, tested: Tested, target: "Target") -> "list[SliceScore]":
    """Scores of every slice, as table and picture, the surely worst first; of several classes accuracy alone."""
    from models.figures import slice_intervals
    from models.metrics.slices import slice_scores

    scores = slice_scores(tested.tweets, tested.called, tested.unknown, several=bool(target.names))
    whole = target.scores(tested.labels, tested.probabilities, tested.classifier.threshold)
    run.log_table(_columns([_slice_row(score) for score in scores]), "slices")
    run.log_figure(slice_intervals(scores, whole["accuracy"], None if target.names else whole["f1"]), "slices")
    return scores


def _slice_row(score: "SliceScore") -> dict[str, Any]:
    """The score with each end of an interval in a column of its own."""
    row = asdict(score)
    for name in ("accuracy", "f1"):
        row[f"{name}_low"], row[f"{name}_high"] = row.pop(f"{name}_interval") or (None, None)
    if score.positives is None:
        return {name: value for name, value in row.items() if not name.startswith(("positives", "f1"))}
    return row


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    columns = defaultdict(list)
    for row in rows:
        for name, value in row.items():
            columns[name].append(value)
    return columns


def mistakes_page(tested: Tested, scores: "Sequence[SliceScore]") -> str:
    """The page of the surest mistakes, with the words that misled it."""
    from models.inspection.explanation import explain
    from models.metrics.slices import slice_rows

    labels, called, classes = tested.labels, tested.called, tested.classifier.classes
    slices = slice_rows(tested.tweets, tested.unknown)
    chosen = surest_mistakes(labels, tested.probabilities, called)
    rows = tested.tweets.take(pa.array(chosen))
    texts, keywords = rows["text"].to_pylist(), rows["keyword"].to_pylist()
    shown = [
        Mistake(
            tweet,
            text,
            int(labels[row]),
            explanation,
            tuple(name for name, within in slices.items() if within[row]),
            classes[called[row]] if classes else "",
        )
        for row, tweet, text, explanation in zip(
            chosen, rows["id"].to_pylist(), texts, explain(tested.classifier, texts, keywords), strict=True
        )
    ]
    by_slice = [
        SliceMistakes(score.name, score.rows, int(np.sum((called != labels)[slices[score.name]]))) for score in scores
    ]
    if classes:
        totals = Totals(len(labels), 0, 0, int(np.sum(called != labels)))
    else:
        alarms, missed = np.sum((called == 1) & (labels == 0)), np.sum((called == 0) & (labels == 1))
        totals = Totals(len(labels), int(alarms), int(missed))
    return errors_page(tested.classifier.name, totals, by_slice, shown, classes)


def surest_mistakes(
    labels: np.ndarray, probabilities: np.ndarray, called: np.ndarray, most: int = MISTAKES_SHOWN
) -> np.ndarray:
    """Row numbers of the wrongly called rows, those that gave the truth the least probability first."""
    wrong = np.flatnonzero(called != labels)
    if probabilities.ndim == 2:
        truth = probabilities[wrong, labels[wrong]]
    else:
        truth = np.where(labels[wrong] == 1, probabilities[wrong], 1 - probabilities[wrong])
    return wrong[np.argsort(truth, kind="stable")][:most]


def _record_behaviour(run: Run, results: "Sequence[BehaviourResult]") -> None:
    """A row for each behaviour, and the share of cases that held for each kind."""
    rows = []
    held: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for result in results:
        held[result.kind][0] += result.cases - result.failures
        held[result.kind][1] += result.cases
        examples = "\n".join(
            f"{each.before} ({each.probability_before:.3f}) → {each.after} ({each.probability_after:.3f})"
            for each in result.examples
        )
        rows.append({**asdict(result), "failed": result.failures / result.cases, "examples": examples})
    run.log_table(_columns(rows), "behaviour")
    run.log_metrics({f"test_behaviour/{kind}": right / cases for kind, (right, cases) in held.items()})
