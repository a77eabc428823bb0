"""What the rules and repairs of an ingest are called on its page."""

from typing import Any

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
