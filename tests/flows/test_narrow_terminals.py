"""Sixty columns: names, times and paths stay whole, and one thing is not called several."""

import re
from typing import Any

import pytest

from flows.cli import champion
from flows.cli.render import models

MODEL = {"accuracy": 0.8, "f1": 0.7, "roc_auc": 0.9, "log_loss": 0.4, "train_seconds": 101.0}
NAMES = ("logistic/one-hot", "logistic/co-occurrence", "feed-forward/skip-gram")
PATH = "/home/anna/" + "a-long-folder-name/" * 6 + "model"


@pytest.fixture(autouse=True)
def sixty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")


def test_no_name_of_a_model_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{**MODEL, "name": name} for name in NAMES]
    models._console().print(models.models(rows, NAMES[0]))
    said = capsys.readouterr().out
    assert "…" not in said
    names = re.sub(r"\s+", "", "".join(line[:22].split(" ")[0] for line in said.splitlines()))
    assert all(name in names for name in NAMES)


def test_the_path_of_a_language_model_stands_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    models.embedded({"model": PATH, "directions": ["forward"], "perplexity": 11_812.3, "loss": 0.12345, "none": None})
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines] == [PATH, "forward", "11,812", "0.1235"]


def test_the_time_of_a_champion_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    change: dict[str, Any] = {"time": "2026-11-28T19:23:14+00:00", "version": "2", "model": "lstm/skip-gram"}
    change |= {"kind": "promotion", "who": "anna", "why": "more accurate than version 1 on the held-out rows of both"}
    result = {"version": "2", "model": "lstm/skip-gram", "history": [change], "tracking_uri": "sqlite://", "load": []}
    result["in_use"] = "serves the judged model itself: it was not refitted"
    champion._show_champion(result)
    said = capsys.readouterr().out
    assert "2026-11-28 19:23:14+00:00  version 2, lstm/skip-gram: promotion by anna" in said
    assert "…" not in said


def test_one_row_is_one_row(capsys: pytest.CaptureFixture[str]) -> None:
    result = {"rows": 1, "quarantined": 1, "quarantine": "q", "model": "m", "version": "3", "out": "o"}
    models.scored({**result, "tweets_per_second": 0.4, "positives": 1, "in_doubt": {"rows": 0}, "learned_from": 0})
    said = capsys.readouterr().out
    assert "a second" not in said  # of one row it would be that of the start
    assert "1 row scored" in said
    assert "1 row could not be scored" in said
