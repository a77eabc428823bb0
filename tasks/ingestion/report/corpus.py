"""The report on a corpus."""

from tasks.html.charts import histogram
from tasks.html.numbers import count, count_of
from tasks.html.pages import render
from tasks.ingestion.report.words import REPAIRS, RULES, Report, reading_of


def corpus_page(report: Report) -> str:
    """The whole page."""
    counts, bars = report["counts"], report["lengths"]
    ticks = {number: count(2**number) for number in range(0, len(bars), 2)}
    axis = "words, each bar twice as long as the one before"
    return render(
        "ingestion/report/corpus.html",
        title="Data report: corpus",
        subtitle=f"{count_of(counts['read'], 'document')} read = {count(counts['kept'])} kept + "
        f"{count(counts['quarantined'])} quarantined; {count_of(report['total_words'], 'word')}",
        report=report,
        lengths=histogram({"documents": bars}, ticks, axis, {"documents": "none"}) if bars else None,
        tokens=report["tokens"].get("none", []),
        reading=reading_of(report),
        repairs=REPAIRS,
        rules=RULES,
    )
