"""The data report: one page that needs no network, runs no script, and shows data as data."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest

from tasks import sources
from tasks.html.charts import histogram
from tasks.html.pages import PAGES
from tasks.ingestion import ingest_corpus, ingest_tweets
from tasks.ingestion.report import render_report

ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


class Page(HTMLParser):
    """Tags with their attributes, the text, and whether tags are closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "line"):
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.text += f"{data} "


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    ends = ("up", "down")
    rows = [
        f"{number}\t{ATTACK}\tRome\tHouse {chr(97 + number)} burns {ends[number % 2]} {ATTACK}\t{number % 2}"
        for number in range(26)
    ]
    bad = [f"{ATTACK}\t\t\tErr:509\t1", f"x\t\t\t{ATTACK}\tmaybe"]
    (folder / f"set{ATTACK.replace('/', '')}.tsv").write_text(
        "\n".join(["id\tkeyword\tlocation\ttext\ttarget", *rows, *bad])
    )
    return ingest_tweets(sources.fetch(folder), against=sources.fetch(folder))


@pytest.fixture(scope="module")
def page(artifact: Path) -> Page:
    return Page((artifact / "report.html").read_text(encoding="utf-8"))


def test_the_page_is_whole_and_says_what_was_counted(page: Page) -> None:
    assert "28 rows read = 26 kept + 2 quarantined" in page.text
    for title in (
        "Splits and class balance",
        "Lengths",
        "Words that set the classes apart",
        "Keywords",
        "Missing values",
        "Duplicates and conflicts",
        "Contamination",
        "Repairs",
        "Quarantine",
        "Files",
    ):
        assert title in page.text


def test_the_page_loads_and_runs_nothing(page: Page) -> None:
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "form", "a", "base"}
    names = {name for _, attributes in page.tags for name in attributes}
    assert not {name for name in names if name.startswith("on")} | names & {"src", "href", "action", "srcset"}


def test_the_style_reaches_for_nothing(artifact: Path) -> None:
    html = (artifact / "report.html").read_text(encoding="utf-8")
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style
    assert not re.search(r"url\(|@import|https?:", style[1])
    assert "default-src 'none'" in html


def test_what_stands_in_the_data_is_shown_as_it_stands(page: Page) -> None:
    assert ATTACK in page.text
    assert "Err:509" in page.text
    assert "label 'maybe' is none of" in page.text


def test_light_and_dark_are_both_provided(artifact: Path) -> None:
    html = (artifact / "report.html").read_text(encoding="utf-8")
    assert "prefers-color-scheme: dark" in html
    assert "color-scheme: light dark" in html


def test_a_report_is_drawn_from_its_figures_alone(artifact: Path) -> None:
    report = json.loads((artifact / "report.json").read_text(encoding="utf-8"))
    assert render_report(report) == (artifact / "report.html").read_text(encoding="utf-8")


def test_an_unlabelled_table_has_no_classes(tmp_path: Path) -> None:
    rows = [f"{number},House {chr(97 + number)} burns" for number in range(26)]
    path = tmp_path / "set.csv"
    path.write_text("\n".join(["id,text", *rows]))
    page = Page((ingest_tweets(sources.fetch(path)) / "report.html").read_text(encoding="utf-8"))
    assert "unlabelled" in page.text
    assert "set the classes apart" not in page.text
    assert "Contamination" not in page.text


def test_a_corpus_has_a_page_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "news.jsonl"
    texts = ["It rained.", "", ATTACK]
    path.write_text("\n".join(json.dumps({"id": number, "text": text}) for number, text in enumerate(texts)))
    page = Page((ingest_corpus(sources.fetch(path)) / "report.html").read_text(encoding="utf-8"))
    assert "3 documents read = 2 kept + 1 quarantined" in page.text
    assert "rained" in page.text


def test_a_histogram_draws_an_outline_for_each_series() -> None:
    chart = histogram({"a": [1, 3], "b": [4, 0]}, {0: "0", 1: "1"}, "words", {"a": "positive", "b": "negative"})
    assert [kind for kind, _ in chart.outlines] == ["positive", "negative"]
    assert "words 1: a 3, b 0" in drawn("histogram", chart)


def test_bars_leave_out_what_is_nothing() -> None:
    assert drawn("bar", [("a", 2, "kept"), ("b", 0, "gone")]).count("<rect") == 1


def test_tables_put_figures_to_the_right() -> None:
    assert '<table class="figures-1">' in drawn("plain_table", ["what", "rows"], [["x", "7"]], numbers=1)
    assert ".figures-1 :is(th, td):nth-last-child(-n+1)" in PAGES.globals["style"]


def test_what_a_cell_is_given_is_text() -> None:
    assert drawn("plain_table", ["what"], [[ATTACK]]).count("&lt;script&gt;") == 1


def drawn(name: str, *values: object, **options: object) -> str:
    """A piece of the kit, as HTML."""
    return str(getattr(PAGES.globals["kit"], name)(*values, **options))


def test_every_rule_and_repair_has_an_explanation() -> None:
    from models.text import RepairKind
    from tasks.ingestion.contracts import RowRule
    from tasks.ingestion.report.words import REPAIRS, RULES

    assert set(RULES) == set(get_args(RowRule))
    assert set(REPAIRS) == set(get_args(RepairKind))


def test_what_was_no_text_cut_left_out_or_doubtful_is_shown(home: Path, tmp_path: Path) -> None:
    long = "Fire near the mill " * 8 + "… https://t.co/abc"
    tweets = [{"id": str(n), "text": f"{n} {long}", "place": {"name": "Rome"}, "label": n % 2} for n in range(30)]
    lines = [
        json.dumps(each)
        for each in [*tweets, {"delete": {"status": {"id": 1}}}, {"id": "x", "text": "Rain", "label": 7}]
    ]
    (tmp_path / "set.jsonl").write_text("\n".join(lines))
    page = Page((ingest_tweets(sources.fetch(tmp_path / "set.jsonl")) / "report.html").read_text(encoding="utf-8"))
    for shown in (
        "How it was read",
        "JSON lines",
        "text = text",
        "0 (15, means 0)",
        "delete notice",
        "texts that end where",
        "place",
    ):
        assert shown in page.text
    assert "not carry a label that is known ('7'" in page.text


def test_a_report_of_an_older_version_is_drawn_too(artifact: Path) -> None:
    report = json.loads((artifact / "report.json").read_text(encoding="utf-8"))
    for name in ("inspection", "shapes", "no_texts", "truncated", "left_out"):
        del report[name]
    report["files"] = [{"name": each["name"], "format": "json", "encoding": "utf-8"} for each in report["files"]]
    assert "How it was read" not in render_report(report)
