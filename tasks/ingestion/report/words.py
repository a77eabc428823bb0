"""What the rules and repairs of an ingest are called on its page."""

from typing import Any

from tasks.sources.wording import doubt_in_words, encoding_in_words, form_in_words, in_brief

Report = dict[str, Any]

REPAIRS = {
    "html_entities": "HTML entities decoded (&amp; → &)",
    "mojibake": "characters garbled by a wrong encoding mended",
    "newlines": "line breaks inside the text made blanks",
    "normal_form": "accents composed (Unicode form C)",
    "percent_escapes": "percent escapes decoded (%20 → blank)",
}
RULES = {
    "malformed-row": "the row does not fit the columns of its file",
    "undecodable-bytes": "bytes that are not text in the encoding of the file",
    "no-text": "no text, or nothing but blanks",
    "spreadsheet-error": "an error value that a spreadsheet left in place of a text",
    "control-characters": "control characters",
    "over-long": "longer than the contract allows",
    "missing-id": "no id",
    "unknown-label": "a label outside the label set, or none",
    "conflicting-labels": "the same text, character by character, under both labels: every row of the conflict",
    "repeated-id": "an id that an earlier row has",
    "duplicate": "the same text, character by character, as an earlier row",
    "conflicting-annotators": "a tweet that annotators label differently",
    "not-random": "a label of a validation or test row that was not drawn at random",
}


def reading_of(report: Report) -> dict[str, list[Any]]:
    """How the source was understood, in words; less of a report of an older version, which does not tell."""
    summary = report.get("inspection")
    others = list(report.get("no_texts", {}).items())
    if report.get("truncated"):
        others.append(("texts that end where the platform cut them", report["truncated"]))
    return {
        "facts": [each for each in in_brief(summary) if each[0] != "Doubts"] if summary else [],
        "doubts": [doubt_in_words(each) for each in (summary or {}).get("doubts", ())],
        "others": others,
        "left_out": list(report.get("left_out", {}).items()),
        "files": [_file_in_words(each) for each in report["files"]],
    }


def _file_in_words(file: dict[str, Any]) -> tuple[str, str, str]:
    return file["name"], form_in_words(file), encoding_in_words(file) or file["encoding"]
