"""The report on a table of tweets."""

from collections.abc import Callable

from models.settings import SPLITS
from tasks.html.charts import histogram
from tasks.html.elements import bar, count, escape, section, share, table
from tasks.html.page import page
from tasks.ingestion.report.parts import Report, files, overview, quarantine, repairs

KINDS = {"1": "positive", "0": "negative", "none": "none"}
NAMES = {"1": "positive (1)", "0": "negative (0)", "none": "unlabelled"}
READINGS = {
    "exact": "as they came, character by character",
    "normalised": "entities decoded, lower case, without addresses and mentions; letters a-z, digits and # only",
    "folded": "as the splits group them: also without digits, and after repair",
}


def tweets_page(report: Report) -> str:
    """The whole page."""
    names = [each["name"] for each in report["files"]]
    title = f"Data report: {names[0]}" if len(names) == 1 else f"Data report: {count(len(names))} files of tweets"
    counts = report["counts"]
    subtitle = (
        f"{count(counts['read'])} rows read = {count(counts['kept'])} kept + {count(counts['quarantined'])} quarantined"
    )
    parts: list[Callable[[Report], str]] = [
        retry,
        splits,
        lengths,
        words,
        keywords,
        missing,
        duplicates,
        contamination,
        repairs,
        quarantine,
        files,
    ]
    return page(title, subtitle, overview(report, "rows"), *(part(report) for part in parts))


def retry(report: Report) -> str:
    """What came back from the quarantine of the table that this one was made of."""
    done = report.get("retry")
    if not done:
        return ""
    most = max(done["returned_by_rule"].values(), default=1)
    rows = [
        [escape(rule), bar([("returned", rows, "kept")], rows / most), count(rows)]
        for rule, rows in done["returned_by_rule"].items()
    ]
    corrected = f", with the corrected rows of raw snapshot {done['corrected']}" if done["corrected"] else ""
    return section(
        "Rows that came back",
        f"{count(done['returned'])} of {count(done['retried'])} quarantined rows of table {done['table']} passed when "
        f"they were judged again{corrected}. All other rows are that table's own.",
        table(["quarantined as", "", "rows"], rows, 1) if rows else "<p>No row passed.</p>",
    )


def legend(report: Report) -> str:
    """Which colour is which label."""
    keys = "".join(
        f"<span><i class='key {KINDS[each]}'></i>{NAMES[each]}</span>" for each in KINDS if each in report["words"]
    )
    return f"<p class='legend'>{keys}</p>"


def splits(report: Report) -> str:
    """Class balance of each split."""
    most = max((report["splits"][split]["rows"] for split in SPLITS), default=0) or 1
    whole = sum(report["splits"][split]["rows"] for split in SPLITS)
    rows = []
    for split in SPLITS:
        here = report["splits"][split]
        known = here["positives"] + here["negatives"]
        parts = [
            ("positive", here["positives"], "positive"),
            ("negative", here["negatives"], "negative"),
            ("unlabelled", here["rows"] - known, "none"),
        ]
        balance = [count(here["positives"]), share(here["positives"], known)] if report["labelled"] else []
        rows.append([split, bar(parts, here["rows"] / most), count(here["rows"]), share(here["rows"], whole), *balance])
    head = ["split", "", "rows", "of all", *(["positive", "share"] if report["labelled"] else [])]
    return section(
        "Splits and class balance",
        f"Near-duplicates share one of {count(report['duplicates']['groups'])} groups, a group is never divided, and a "
        "tweet keeps its split whatever arrives later; so the balance is what it is, and it is stated here.",
        legend(report),
        table(head, rows, len(head) - 2),
    )


def lengths(report: Report) -> str:
    """How long tweets are."""
    words, characters = (
        {NAMES[label]: bars for label, bars in report[name].items()} for name in ("words", "characters")
    )
    if not words:
        return ""
    kinds = {NAMES[label]: kind for label, kind in KINDS.items()}
    longest = max(number for bars in words.values() for number, rows in enumerate(bars) if rows) + 1
    widest = max(number for bars in characters.values() for number, rows in enumerate(bars) if rows) + 1
    by_word = histogram(
        {name: bars[:longest] for name, bars in words.items()}, _ticks(longest, 1), "words between blanks", kinds
    )
    by_character = histogram(
        {name: bars[:widest] for name, bars in characters.items()}, _ticks(widest, 10), "characters, by tens", kinds
    )
    return section(
        "Lengths",
        "Share of the rows of each class. Classes of different length can be told apart without reading.",
        legend(report),
        by_word,
        by_character,
    )


def _ticks(bars: int, unit: int) -> dict[int, str]:
    spacing = max(1, round(bars / 8 / 5) * 5)
    return {number: str(number * unit) for number in range(0, bars, spacing)}


def words(report: Report) -> str:
    """The words that set the classes apart, or the commonest ones."""
    shown = {label: report["tokens"][label] for label in ("1", "0", "none") if report["tokens"].get(label)}
    most = max((token["rows"] for tokens in shown.values() for token in tokens), default=1)
    lists = []
    for label, tokens in shown.items():
        rows = [
            [
                escape(token["token"]),
                bar(
                    _classes(token["positives"], token["rows"], report),
                    1 if report["labelled"] else token["rows"] / most,
                ),
                count(token["rows"]),
            ]
            for token in tokens
        ]
        caption = "Commonest words" if label == "none" else f"More {'positive' if label == '1' else 'negative'}"
        lists.append(f"<div><h3>{caption}</h3>{table(['word', '', 'times'], rows, 1)}</div>")
    return section(
        "Words that set the classes apart" if report["labelled"] else "Words",
        "Log-odds with an informative prior, over a sample of the training rows only; each bar is divided by class."
        if report["labelled"]
        else "The commonest words of a sample of the training rows.",
        f"<div class='two'>{''.join(lists)}</div>" if lists else "",
    )


def _classes(positives: int, rows: int, report: Report) -> list[tuple[str, float, str]]:
    if not report["labelled"]:
        return [("rows", rows, "none")]
    return [("positive", positives, "positive"), ("negative", rows - positives, "negative")]


def keywords(report: Report) -> str:
    """The commonest keywords."""
    most = max((each["rows"] for each in report["keywords"]), default=1)
    rows = [
        [
            escape(each["keyword"]),
            bar(_classes(each["positives"], each["rows"], report), each["rows"] / most),
            count(each["rows"]),
            *([share(each["positives"], each["rows"])] if report["labelled"] else []),
        ]
        for each in report["keywords"]
    ]
    head = ["keyword", "", "rows", *(["positive"] if report["labelled"] else [])]
    lead = "The commonest search keywords among the rows kept."
    return section("Keywords", lead, table(head, rows, len(head) - 2)) if rows else ""


def missing(report: Report) -> str:
    """Cells that hold nothing."""
    read, kept = report["counts"]["read"], report["counts"]["kept"]
    rows = []
    for name in ("keyword", "location"):
        before, after = report["raw"][f"no_{name}"], report["missing"][name]
        rows.append(
            [
                name,
                bar([("missing", after, "gone"), ("given", kept - after, "grey")]),
                f"{count(before)} ({share(before, read)})",
                f"{count(after)} ({share(after, kept)})",
            ]
        )
    rows_table = table(["column", "", "of rows read", "of rows kept"], rows, 2)
    return section("Missing values", "A text and an id are never missing: such rows are quarantined.", rows_table)


def duplicates(report: Report) -> str:
    """How often texts repeat, by three ways of reading them."""
    rows = []
    for reading, explanation in READINGS.items():
        here = report["duplicates"][reading]
        figures = ("texts", "rows", "conflicting_texts", "conflicting_rows")
        rows.append([f"<b>{reading}</b><br>{explanation}", *(count(here[figure]) for figure in figures)])
    return section(
        "Duplicates and conflicts",
        "Texts that occur more than once among the rows read, and those of them that carry both labels. Exact copies "
        "and exact conflicts are quarantined; near-duplicates stay, and share a split.",
        table(["texts compared", "texts", "rows", "with both labels", "their rows"], rows, 4),
    )


def contamination(report: Report) -> str:
    """How much of a second source is in this one."""
    found = report.get("contamination")
    if not found:
        return ""
    rows = [
        [
            f"<b>{reading}</b><br>{READINGS[reading]}",
            bar([("found here", found[reading], "gone"), ("new", found["rows"] - found[reading], "grey")]),
            count(found[reading]),
            share(found[reading], found["rows"]),
        ]
        for reading in READINGS
    ]
    return section(
        "Contamination",
        f"How many of the {count(found['rows'])} rows of the source compared with have a text that was read here: what "
        "a model has seen says nothing about what it has not.",
        table(["texts compared", "", "rows", "share"], rows, 2),
    )
