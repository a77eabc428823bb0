"""The report on a corpus."""

from tasks.html.charts import histogram
from tasks.html.elements import bar, count, escape, section, table
from tasks.html.page import page
from tasks.ingestion.report.parts import Report, files, overview, quarantine, repairs


def corpus_page(report: Report) -> str:
    """The whole page."""
    counts = report["counts"]
    subtitle = (
        f"{count(counts['read'])} documents read = {count(counts['kept'])} kept + {count(counts['quarantined'])} "
        f"quarantined; {count(report['total_words'])} words"
    )
    return page(
        "Data report: corpus",
        subtitle,
        overview(report, "documents"),
        *(part(report) for part in (lengths, words, repairs, quarantine, files)),
    )


def lengths(report: Report) -> str:
    """How long documents are."""
    bars = report["lengths"]
    if not bars:
        return ""
    ticks = {number: count(2**number) for number in range(0, len(bars), 2)}
    chart = histogram(
        {"documents": bars}, ticks, "words, each bar twice as long as the one before", {"documents": "none"}
    )
    return section("Lengths", "Share of the documents kept.", chart)


def words(report: Report) -> str:
    """The commonest words."""
    tokens = report["tokens"].get("none", [])
    most = max((token["rows"] for token in tokens), default=1)
    rows = [
        [escape(token["token"]), bar([("times", token["rows"], "none")], token["rows"] / most), count(token["rows"])]
        for token in tokens
    ]
    return section(
        "Words",
        "The commonest words in the beginnings of a sample of documents.",
        table(["word", "", "times"], rows, 1),
    )
