"""How well a model tells kinds of information on held-out texts, beside one-vs-rest TF-IDF + logistic regression."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from models.classifiers.text_kinds import NO_LABEL
from models.settings import FrequencySettings, LogisticSettings
from models.wording import counted
from tasks.html.fact_sheet import Part, Sheet, sheet_markdown, sheet_page
from tasks.runtime import environment
from tasks.steps import step
from tasks.store import formats
from tasks.tracking import Run
from tasks.training.kinds import KindTexts

CALLED, SCORES = "called.parquet", "kind-scores.json"
BASELINE = "one-vs-rest TF-IDF + logistic regression"


@step("classify kinds by TF-IDF", hardware=True)
def classify_kinds(run: Run, kinds: Path, frequency: FrequencySettings, logistic: LogisticSettings) -> Path:
    """What the baseline calls the held-out texts: for each kind the number of a class."""
    from models.classifiers.one_vs_rest import fit_one_vs_rest
    from models.frequencies import fit_features, tf_idf_matrix

    texts = KindTexts.read(kinds)
    asked = texts.tokens.take(texts.rows("test"))
    called = {}
    for place, name in enumerate(texts.classes):
        train, validation = (texts.labelled(place, split) for split in ("train", "validation"))
        validation = validation if len(validation) else train
        space = fit_features(texts.tokens.take(train), frequency)
        known, chosen, answered = (
            tf_idf_matrix(each, space) for each in (texts.tokens.take(train), texts.tokens.take(validation), asked)
        )
        labels = texts.labels[:, place]
        called[name] = fit_one_vs_rest(known, labels[train], chosen, labels[validation], answered, logistic)
    return formats.write_artifact("kinds-baseline", {CALLED: pa.table(called)})


@step("score kinds of {name}", hardware=True)
def score_kinds(run: Run, kinds: Path, model: Path, baseline: Path, name: str) -> Path:
    """Macro F1 of each kind on held-out texts, of the model and the baseline; `kind-scores.json` by kind.

    Scores of every class, confusion matrices and a page are logged.
    """
    environment.load_tensorflow()
    from models.classifiers.pipeline import assemble

    texts, others = KindTexts.read(kinds), pq.read_table(baseline / CALLED)
    rows = texts.rows("test")
    classifier = assemble(formats.read_parts(model / "classifier"))
    assert classifier.answer is not None, f"{name} tells no kinds"
    said = classifier.answer(texts.tokens.take(rows)).kinds
    found, parts = {}, []
    for place, kind in enumerate(classifier.kinds):
        there = texts.labels[rows, place] != NO_LABEL
        if not there.any():
            continue
        labels, called = texts.labels[rows, place][there], said[place].argmax(axis=1)[there]
        groups = texts.table["group"].to_numpy(zero_copy_only=False)[rows][there]
        scores = _score(run, kind, labels, called, others[kind.name].to_numpy()[there], groups)
        found[kind.name] = scores
        parts.append(_part(kind.name, scores))
    subtitle = "On held-out texts that nothing was learned from"
    sheet = Sheet(f"Kinds of information told by {name}", subtitle, tuple(parts))
    run.log_text(sheet_page(sheet), "kinds.html")
    run.describe(sheet_markdown(sheet))
    return formats.write_artifact("kind-scores", {SCORES: found})


def _score(
    run: Run, kind: Any, labels: np.ndarray, called: np.ndarray, others: np.ndarray, groups: np.ndarray
) -> dict[str, Any]:
    """The scores of one kind, recorded."""
    from models.figures import class_confusion
    from models.metrics.classes import class_scores, compare_macro_f1, confusion

    size = len(kind.classes)
    counts = confusion(labels, called, size)
    own, other = class_scores(counts), class_scores(confusion(labels, others, size))
    both = compare_macro_f1(labels, called, others, groups, size)
    run.log_figure(class_confusion(counts, kind.classes, kind.name.replace("_", " ")), f"confusion-{kind.name}")
    figures = {"rows": len(labels), "macro_f1": both.first, "baseline_macro_f1": both.second}
    run.log_metrics({f"kinds/{kind.name}/{name}": value for name, value in figures.items()})
    return {
        **figures,
        "interval": list(both.interval),
        "difference_interval": list(both.difference.interval),
        "classes": [
            {"class": each, "rows": int(own.rows[row]), "f1": _known(own.f1[row]), "baseline_f1": _known(other.f1[row])}
            for row, each in enumerate(kind.classes)
        ],
    }


def _known(score: float) -> float | None:
    return None if np.isnan(score) else float(score)


def _part(name: str, scores: dict[str, Any]) -> Part:
    low, high = scores["difference_interval"]
    difference = scores["macro_f1"] - scores["baseline_macro_f1"]
    lead = (
        f"Macro F1 {scores['macro_f1']:.3f} on {counted(scores['rows'], 'text')}, {scores['baseline_macro_f1']:.3f} of "
        f"{BASELINE}: {difference:+z.3f} ({low:+z.3f} to {high:+z.3f}, 95 % bootstrap interval over groups)."
    )
    rows = tuple(
        (each["class"], f"{each['rows']:,}", _figure(each["f1"]), _figure(each["baseline_f1"]))
        for each in scores["classes"]
    )
    return Part(name.replace("_", " "), lead, ("class", "texts", "F1", "F1, baseline"), rows, 3)


def _figure(score: float | None) -> str:
    return "" if score is None else f"{score:.3f}"


def read_kind_scores(artifact: Path) -> dict[str, Any]:
    """By kind what `score_kinds` found."""
    return dict(formats.read_parts(artifact)[SCORES])
