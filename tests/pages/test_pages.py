"""Every page in a real browser, narrow and wide, light and dark: nothing cut off, pale, small, loaded or broken."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from challengers import held_out_rows, planted_change

from models.figures import comparison_bars
from models.gate import Service, SourceScore, judge
from models.inspection.explanation import Explanation
from models.metrics.slices import SliceScore
from models.settings import GateSettings
from tasks import sources
from tasks.evaluation.comparison import ModelRow
from tasks.evaluation.comparison_page import comparison_page
from tasks.evaluation.page import evaluation_page
from tasks.html.fact_sheet import sheet_page
from tasks.html.textbook_page import textbook_page
from tasks.ingestion import ingest_corpus, ingest_tweets
from tasks.lineage.page import lineage_page
from tasks.monitoring.page import drift_page
from tasks.overview import start_page
from tasks.overview.facts import Champion, Overview, Retraining, RunLine
from tasks.registry import Decision, Incumbent
from tasks.registry.gate_page import gate_page
from tasks.service.docs_page import docs_page
from tasks.service.limits import Limits
from tasks.tracking.steps import Step
from tasks.training.error_analysis import Mistake, SliceMistakes, Totals, errors_page
from tasks.training.explanation_page import explanation_page
from tasks.training.model_card import model_card

LONG = "Donaudampfschifffahrtsgesellschaftskapitaen" * 3
WORDS = ("forest", "fire", "near", LONG, "fg", "today", "sask", ".", "canada")
EXPLANATION = Explanation(WORDS, (2.5, -2.4, 1.1, -0.9, 0.0, 0.5, -0.4, 0.05, 1.9), (True,) * 8 + (False,), 0.8, 0.4, 3)


def tweets_report(folder: Path) -> str:
    rows = [f"{n},key {n % 3},Rome,House {chr(97 + n)} burns {LONG if n == 3 else 'up'} {n},{n % 2}" for n in range(26)]
    path = folder / "tweets.csv"
    path.write_text("\n".join(["id,keyword,location,text,target", *rows, "x,,,A house burns,maybe", "x,,,Err:509,1"]))
    return (ingest_tweets(sources.fetch(path), against=sources.fetch(path)) / "report.html").read_text()


def corpus_report(folder: Path) -> str:
    (folder / "corpus.txt").write_text(f"It rained all day in the valley.\n\n{LONG} was closed.\n")
    return (ingest_corpus(sources.fetch(folder / "corpus.txt")) / "report.html").read_text()


def gate(folder: Path) -> str:
    random = np.random.default_rng(0)
    rows = held_out_rows(random, 2_000)
    harmed = np.arange(len(rows)) % 5 == 0
    pair = planted_change(random, rows, np.where(harmed, -0.2, 0.1), 0.12)
    slices = {"keyword storm": harmed, "under 10 words": ~harmed, f"keyword {LONG}": np.arange(len(rows)) < 8}
    verdict = judge(rows, *pair, slices, Service(2_000, milliseconds=40), GateSettings(resamples=200))
    source = SourceScore("the champion's tweets", 900, (0.81, 0.82), (0.75, 0.74))
    verdict = replace(verdict, relation="the challenger learned from other tweets", sources=(source,))
    return gate_page("lstm/skip-gram", Decision(False, "version 3 stays", "4", verdict, Incumbent("3", "", None, 9)))


def card(folder: Path) -> str:
    metrics = {
        f"tweets/{split}{end}": 1_000.0 for split in ("train", "validation", "test") for end in ("", "_positives")
    }
    metrics |= {"threshold": 0.41, "train_seconds": 12.0, "test/unknown_words": 0.07, "test/accuracy": 0.8}
    tags = {"model": "lstm/skip-gram", "kind": "lstm", "features": "skip-gram", "threshold_for": "accuracy"}
    entry = SimpleNamespace(
        tags=[SimpleNamespace(key="mlflow.data.context", value="tweets")],
        dataset=SimpleNamespace(name="tweets", digest="d" * 32),
    )
    run: Any = SimpleNamespace(
        info=SimpleNamespace(run_id="a" * 32),
        data=SimpleNamespace(tags=tags, metrics=metrics, params={"settings.max_length": "64", "x" * 60: LONG}),
        inputs=SimpleNamespace(dataset_inputs=[entry]),
    )
    worst = SliceScore(f"keyword {LONG}", 40, 20, 0.6, (0.5, 0.7), 0.5, (0.4, 0.6))
    return sheet_page(model_card(run, run, [worst], []))


def mistakes(folder: Path) -> str:
    slices = ("without address", "10% to 25% unknown words")
    shown = [Mistake("77", "Forest fire near " + LONG, target, EXPLANATION, slices) for target in (0, 1, 1)]
    by_slice = [SliceMistakes(name, 41, 3) for name in slices]
    return errors_page("logistic/co-occurrence", Totals(600, 1, 2), by_slice, shown)


def explanation(folder: Path) -> str:
    return explanation_page(EXPLANATION, "Forest fire near " + LONG, "wildfire", "lstm/skip-gram, version 3", 0.47)


def lineage(folder: Path) -> str:
    """A retraining with 24 corpus files and eleven models, of which eight stand in one layer."""
    digest = "0123456789abcdef" * 2
    made = {f"corpus/{digest}": ("raw/a",), f"tweets/{digest}": ("raw/b",), f"tokens/{digest}": (f"tweets/{digest}",)}
    made |= {f"vectors/{n}": (f"corpus/{digest}", f"tokens/{digest}") for n in range(3)}
    made |= {f"model/{n}": (f"vectors/{n % 3}", f"tweets/{digest}") for n in range(8)}
    made["model/ensemble"] = tuple(f"model/{n}" for n in range(8))
    steps = tuple(
        Step(f"train_{output}", f"train {output.partition('/')[2][:20]}", "a" * 32,
             tuple((f"input {n}", each) for n, each in enumerate(inputs)), output,
             {"split.validation_share": "0.1", "x" * 50: LONG}, {"tokens": 50_403.0}, {"reused_from": "b" * 32})
        for output, inputs in made.items()
    )  # fmt: skip
    source = [{"source": f"/home/anna/{LONG}/corpus", "time": "2026-01-01T00:00:00+00:00"}]
    files = [{"name": f"news-{n:02}.txt", "sha256": "e" * 64, "bytes": 68_000} for n in range(24)]
    found: Any = SimpleNamespace(
        target=SimpleNamespace(title="retrain standard 2026-11-28 19:12:19", forward=False, artifacts=("model/1",)),
        graph=SimpleNamespace(steps=steps, artifacts=("raw/a", "raw/b", *made)),
        sources=[{"artifact": f"raw/{n}", "files": files[:end], "fetched": source} for n, end in (("a", 24), ("b", 1))],
        tables=[{"artifact": f"tweets/{digest}", "path": f"/home/anna/store/tweets/{digest}", "read": 3_025,
                 "kept": 2_998, "quarantined": 27, "splits": {"train": 2_122, "validation": 273, "test": 603}}],
        models=[{"model": f"lstm/{each.partition('/')[2]}", "artifact": each, "run_id": "a" * 32, "test_f1": 0.8,
                 "registered": [{"name": "crisisflow", "version": "1", "aliases": ["champion"]}] * (each == "model/1")}
                for each in made if each.startswith("model/")],
        code={"git.commit": "c" * 40, "platform": "Linux-6.1-x86_64", "lock_digest": "d" * 64},
    )  # fmt: skip
    return lineage_page(found)


def comparison(folder: Path) -> str:
    interval, f1 = (0.741, 0.792), (0.68, 0.79)
    rows = [
        ModelRow(f"lstm/skip-gram and {LONG if n == 2 else n}", "lstm", "skip-gram", f"{n}" * 32, 0.75 + n / 50, 0.7,
                 0.9, 0.4, 101.0, interval, f1, 0.7, "", f"model/{n}", False, data, 1_234)
        for n, data in enumerate(["one", "one", "two"])
    ]  # fmt: skip
    return comparison_page(rows)


def evaluation(folder: Path) -> str:
    interval = (0.71, 0.83)
    names = ("lstm/skip-gram", "nb-svm/one-hot")
    models = [
        {"name": name, "accuracy": 0.8, "f1": 0.76, "roc_auc": 0.88, "log_loss": 0.42, "brier": 0.13, "ece": 0.02,
         "intervals": {"accuracy": interval, "f1": interval}, "fit_seconds": 42.0, "within_budget": False,
         "folds": {"accuracy": {"deviation": 0.01}, "f1": {"deviation": 0.02}}}
        for name in names
    ]  # fmt: skip
    difference = {"value": 0.01, "interval": (-0.01, 0.03), "p": 0.0004}
    compared = {"model": names[0], "baseline": names[1], "mcnemar": [{"mid_p": 0.034}]}
    compared["differences"] = {"accuracy": difference, "f1": difference}
    facts = {"recipe": "standard", "rows": 7_613, "positives": 3_271, "quarantined": 92, "groups": 6_900, "folds": 5}
    summary = {**facts, "seeds": [0, 1, 2], "looks": "Never before.", "models": models, "comparisons": [compared]}
    bars = comparison_bars(names, {"accuracy": [0.8, 0.7]}, {"accuracy": [interval, interval]})
    return evaluation_page(summary, {"evaluation": bars})


def service(folder: Path) -> str:
    answers = {"200": {"description": "fine"}, "413": {"description": "more than one request may bring"}}
    operation = {"post": {"description": "Whether tweets report a disaster.", "responses": answers}}
    schema = {"info": {"title": "crisisflow", "summary": "Which tweets?"}, "paths": {"/predict": operation}}
    answer = {"probability": 0.9, "label": 1, "doubt": LONG, "model": "lstm/skip-gram", "version": "3"}
    return docs_page(schema, "http://127.0.0.1:8000", Limits(), {"text": LONG, "keyword": "fire"}, answer)


def textbook(folder: Path) -> str:
    lines = [
        {"item": "input corpus", "left": "sample corpus", "right": right, "agrees": not erratum, "erratum": erratum}
        for right, erratum in (("sample corpus", ""), ("sample using", f"the word after corpus is using {LONG}"))
    ]
    about = {
        "name": "skip-gram",
        "title": "The skip-gram table",
        "shows": "Words.",
        "left": "the text",
        "right": "ours",
    }
    return textbook_page([{**about, "lines": lines}, {**about, "lines": lines[:1]}])


def start(folder: Path) -> str:
    """The start page with everything on it: thirty retrainings, failures, and what is scheduled."""
    began = datetime(2026, 11, 28, 13, 31, tzinfo=UTC)
    retrainings = [
        Retraining(f"standard 11-{n:02} 13:31", began, "http://x", "lstm/skip-gram", 0.7 + n / 200, 0.66 + n / 150,
                   n % 9 == 1, f"version 3 stays, lstm/skip-gram is refused: {LONG if n == 30 else 'no gain'}")
        for n in range(1, 31)
    ]  # fmt: skip
    runs = [
        RunLine(f"{LONG if n == 2 else 'standard'} 11-28 13:3{n}", "retrain", status, began, 6.7, f"OSError: {LONG}", "http://x")
        for n, status in enumerate(("FINISHED", "RUNNING", "FAILED", "KILLED"))
    ]  # fmt: skip
    last = {"state": "Failed", "time": "2026-11-28T03:00:00+00:00", "message": f"ValueError: {LONG}"}
    scheduled = [
        {"name": name, "schedule": "every day at 03:00 (UTC)", "paused": name != "retraining",
         "next": "2026-11-29T03:00:00+00:00", "last": last}
        for name in ("retraining", LONG)
    ]  # fmt: skip
    scores = {"accuracy": 0.81, "f1": 0.77}
    links = dict.fromkeys(("model card", "mistakes", "gate", "lineage", "data report"), "http://x")
    in_use = Champion("12", "lstm/skip-gram", "2026-11-28T13:31:00+00:00", f"replaces version 3: {LONG}", scores, links)
    return start_page(Overview(in_use, retrainings, runs, scheduled), links)


def empty_start(folder: Path) -> str:
    return start_page(Overview(), {"all retrainings": "http://x"})


def drift(folder: Path) -> str:
    names = ("vocabulary", "unknown_words", "length", "urls", "hashtags", "language", "script", "labels", "scores")
    measures = [
        {
            "name": name,
            "effect": (number - 4) / 2,
            "p": 0.5**number,
            "p_corrected": 0.4**number,
            "verdict": "shifted" if number > 6 else "same",
            "tokens": ["#storm", "<script>", "w" * 90],
            "tweets": [LONG, "<b>fire</b> near the mill \u202e"],
        }
        for number, name in enumerate(names)
    ]
    estimate = {"accuracy": 0.81, "accuracy_interval": (0.7, 0.9), "f1": 0.7, "f1_interval": (0.6, 0.8), "why_not": ""}
    rows = {"read": 20_000, "compared": 9_000, "learned": 20, "without_text": 3, "reference": 1_100}
    result = {
        "verdict": "shifted",
        "reason": "scores (effect +2.00)",
        "rows": rows,
        "window": 3,
        "measures": measures,
        "positives": {"before": 0.4, "now": 0.2, "interval": (0.1, 0.3)},
        "estimate": {**estimate, "test_accuracy": 0.82},
    }
    return drift_page(result, f"Drift of {LONG}")


PAGES: tuple[Callable[[Path], str], ...] = (
    tweets_report, corpus_report, gate, card, mistakes, explanation, lineage, comparison, evaluation, service, textbook,
    start, empty_start,
    drift,
)  # fmt: skip


@pytest.fixture(scope="module", params=PAGES, ids=lambda page: page.__name__)
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a page."""
    folder = tmp_path_factory.mktemp(request.param.__name__)
    path: Path = folder / f"{request.param.__name__}.html"
    path.write_text(request.param(folder), encoding="utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [420, 1_600])
def test_nothing_is_cut_off_pale_small_loaded_or_broken(page: Path, width: int, scheme: str, browser: Any) -> None:
    assert browser.look(page, width, scheme) == []


def test_every_page_forbids_all_but_its_own_style(page: Path) -> None:
    html = page.read_text(encoding="utf-8")
    assert """content="default-src 'none'; style-src 'sha256-""" in html
    assert "unsafe-inline" not in html
    assert " style=" not in html
    assert "prefers-color-scheme: dark" in html
