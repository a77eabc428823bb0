"""Parts that reports on tweets and on corpora have in common: counts, repairs, quarantine, files."""

from typing import Any

from tasks.html.elements import bar, code, count, escape, section, share, table, tile

Report = dict[str, Any]

REPAIRS = {
    "html_entities": "HTML entities decoded (&amp;amp; → &amp;)",
    "mojibake": "characters garbled by a wrong encoding mended",
    "newlines": "line breaks inside the text made blanks",
    "normal_form": "accents composed (Unicode form C)",
    "percent_escapes": "percent escapes decoded (%20 → blank)",
}
RULES = {
    "malformed-row": "the row does not fit the columns of its file",
    "undecodable-bytes": "bytes that are no text in the encoding of the file",
    "no-text": "no text, or nothing but blanks",
    "spreadsheet-error": "an error value that a spreadsheet left in place of a text",
    "control-characters": "control characters, which nobody types",
    "over-long": "longer than the contract allows",
    "missing-id": "no id",
    "unknown-label": "a label outside the label set, or none",
    "conflicting-labels": "the same text, character by character, under both labels: every row of the conflict",
    "repeated-id": "an id that an earlier row has",
    "duplicate": "the same text, character by character, as an earlier row",
}


def overview(report: Report, noun: str) -> str:
    """The figures that everybody asks for first."""
    counts = report["counts"]
    tiles = [
        tile(count(counts["read"]), f"{noun} read"),
        tile(count(counts["kept"]), f"kept, {share(counts['kept'], counts['read'])}", "kept"),
        tile(count(counts["quarantined"]), f"quarantined, {share(counts['quarantined'], counts['read'])}", "gone"),
        tile(count(counts["repaired"]), "repaired"),
    ]
    if report["kind"] == "tweets":
        tiles.insert(3, tile(count(counts["conflicting"]), "in label conflicts", "gone"))
    tiles.insert(-1, tile(count(counts["duplicates"]), "surplus copies", "gone"))
    return f"<div class='tiles'>{''.join(tiles)}</div>"


def repairs(report: Report) -> str:
    """What was mended, and where."""
    found = sorted(report["repairs"].items(), key=lambda each: -each[1])
    most = max((rows for _, rows in found), default=1)
    rows = []
    for name, number in found:
        where, kind = name.split("/")
        rows.append([escape(where), REPAIRS[kind], bar([(kind, number, "kept")], number / most), count(number)])
    raw = report["raw"]
    return section(
        "Repairs",
        "Harmless faults of transport, mended by the same function that serving calls; the raw bytes are kept. "
        f"As they came, {count(raw['mojibake'])} texts held control characters of a wrong encoding, "
        f"{count(raw['html_entities'])} HTML entities, {count(raw['newlines'])} line breaks.",
        table(["where", "what", "", "rows"], rows, 1) if rows else "<p>Nothing had to be repaired.</p>",
    )


def quarantine(report: Report) -> str:
    """What was left out and why, with examples as they came."""
    rules = report["rules"]
    body = "".join(_rule(rule, number, report["examples"][rule]) for rule, number in rules.items())
    return section(
        "Quarantine",
        "Rows that break a rule are kept whole in quarantine.parquet, each under the first rule it breaks. "
        "Open a rule for examples.",
        body or "<p>No row was quarantined.</p>",
    )


def _rule(rule: str, number: int, examples: list[dict[str, Any]]) -> str:
    shown = "".join(
        f"<blockquote><p>{escape(row['source'])}, row {count(row['source_row'])}: {escape(row['reason'])}</p>"
        f"{code(row['record'])}</blockquote>"
        for row in examples
    )
    return (
        f"<details><summary><b>{count(number)}</b><em>{escape(rule)}</em> <span>{escape(RULES[rule])}</span></summary>"
        f"{shown}</details>"
    )


def files(report: Report) -> str:
    """What was read, and what was passed over."""
    rows = [[escape(each["name"]), escape(each["format"]), escape(each["encoding"])] for each in report["files"]]
    passed = [[escape(name), escape(reason)] for name, reason in report["passed_over"].items()]
    shown, hidden = rows[:40], len(rows) - 40
    columns = ", ".join(f"{name} → {meaning}" for meaning, name in report["columns"].items())
    return section(
        "Files",
        f"Columns read: {columns}." if columns else "",
        table(["file", "format", "encoding"], shown),
        f"<p>and {count(hidden)} more files</p>" if hidden > 0 else "",
        f"<h3>Passed over</h3>{table(['file', 'why'], passed[:40])}" if passed else "",
    )
