"""The report on a table of tweets."""

from typing import Any

from models.settings import SPLITS
from tasks.html.charts import Histogram, histogram
from tasks.html.numbers import count, count_of
from tasks.html.pages import render
from tasks.ingestion.report.words import REPAIRS, RULES, Report, reading_of

KINDS = {"1": "positive", "0": "negative", "none": "none"}
NAMES = {"1": "positive (1)", "0": "negative (0)", "none": "unlabelled"}
CAPTIONS = {"1": "More positive", "0": "More negative", "none": "Commonest words"}
COLOURS = ("negative", "positive", "gone", "kept", "grey")  # of more than two classes, over again if they are more
READINGS = {
    "exact": "as they came, character by character",
    "normalised": "entities decoded, lower case, without addresses and mentions; letters a-z, digits and # only",
    "folded": "as the splits group them: also without digits, and after repair",
}


def tweets_page(report: Report) -> str:
    """The whole page."""
    names = [each["name"] for each in report["files"]]
    counts = report["counts"]
    kinds, called, captions = _labels(report)
    return render(
        "ingestion/report/tweets.html",
        title=f"Data report: {names[0]}" if len(names) == 1 else f"Data report: {count(len(names))} files of tweets",
        subtitle=f"{count_of(counts['read'], 'row')} read = {count(counts['kept'])} kept + "
        f"{count(counts['quarantined'])} quarantined",
        report=report,
        parts_of=_classes,
        splits={name: report["splits"][name] for name in SPLITS},
        lengths=_lengths(report, kinds, called),
        words={captions[label]: report["tokens"][label] for label in captions if report["tokens"].get(label)},
        rows_by_class=_rows_by_class(report),
        keys=[(kinds[each], called[each]) for each in kinds if each in report["words"]],
        readings=READINGS,
        reading=reading_of(report),
        repairs=REPAIRS,
        rules=RULES,
    )


def _labels(report: Report) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Of every label, by its number or "none", the colour, the name, and the caption of the words that set it apart."""
    names = {str(number): name for number, name in enumerate(report.get("classes", ()))}
    if not names:
        return KINDS, NAMES, CAPTIONS
    colours = {label: COLOURS[int(label) % len(COLOURS)] for label in names}
    captions = {label: f"More in {name}" for label, name in names.items()}
    none = "none"
    return {**colours, none: KINDS[none]}, {**names, none: NAMES[none]}, {**captions, none: CAPTIONS[none]}


def _rows_by_class(report: Report) -> dict[str, list[int]]:
    """Of each of several classes, by its name, the rows of every split."""
    splits = [report["splits"][split] for split in SPLITS]
    return {name: [each["classes"][name] for each in splits] for name in report.get("classes", ())}


def _classes(report: Report, counts: dict[str, Any]) -> list[tuple[str, float, str]]:
    """The parts of a bar of these counts: rows by class, or all alike where nothing is labelled."""
    rows = counts["rows"]
    if not report["labelled"]:
        return [("rows", rows, "none")]
    if "classes" in counts:
        parts = [(name, each, COLOURS[n % len(COLOURS)]) for n, (name, each) in enumerate(counts["classes"].items())]
        return [*parts, ("unlabelled", rows - sum(counts["classes"].values()), "none")]
    positives = counts["positives"]
    negatives = counts.get("negatives", rows - positives)
    unlabelled = rows - positives - negatives
    return [
        ("positive", positives, "positive"),
        ("negative", negatives, "negative"),
        ("unlabelled", unlabelled, "none"),
    ]


def _lengths(report: Report, colours: dict[str, str], names: dict[str, str]) -> list[Histogram]:
    """How long tweets are, by words and by characters, for each class; nothing of an empty table."""
    kinds = {names[label]: kind for label, kind in colours.items()}
    charts = []
    for name, unit, axis in (("words", 1, "words between blanks"), ("characters", 10, "characters, by tens")):
        series = {names[label]: bars for label, bars in report[name].items()}
        if series:
            longest = max(number for bars in series.values() for number, rows in enumerate(bars) if rows) + 1
            shown = {label: bars[:longest] for label, bars in series.items()}
            charts.append(histogram(shown, _ticks(longest, unit), axis, kinds))
    return charts


def _ticks(bars: int, unit: int) -> dict[int, str]:
    spacing = max(1, round(bars / 8 / 5) * 5)
    return {number: str(number * unit) for number in range(0, bars, spacing)}
