"""What is not text, decided by content: a folder of data also holds pictures, programs, style sheets and numbers."""

import re

# Whatever is read as text would give words: these do too, for a while.
MAGICS = (
    (b"%PDF", "a PDF document: convert it first, such as with pdftotext"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"SQLite format 3", "an SQLite database: export its table as CSV"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"{\\rtf", "an RTF document: save it as plain text"),
    (b"\xd0\xcf\x11\xe0", "a document of an old Office program: save it as .xlsx, CSV or plain text"),
)
MARKUP = re.compile(r"\s*(?:<!--.*?-->\s*)*<(\?xml|!DOCTYPE|[A-Za-z][\w:.-]*(\s[^<>]*)?/?>)", re.DOTALL)
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
CODE_LINE = re.compile(
    r"""
      [{};]\s*$                                                    # C, Java, JavaScript, CSS
    | ^\s*(//|/\*|\*/|\#include|import\s|from\s\S+\simport\s|def\s\w+\(|class\s\w+[:(]|function\s*\w*\(|@media|</)
    """,
    re.VERBOSE,
)
# Python has programs without braces.
PYTHON_START = re.compile(
    r"(import [\w.]+( as \w+)?|from [\w.]+ import .+|(async )?def \w+\(.*|class \w+(\(.*\))?:.*)$"
)
PYTHON_LINE = re.compile(
    r"""
      \s*(import|from|def|async|class|return|raise|yield|assert|pass|break|continue|else:|try:|finally:|@\w)
    | \s*(if|elif|for|while|with|except)\b.*:\s*$
    | \s*[\w.\[\], ]+\s*[-+*/|&]?=\s*\S
    | \s*[\w.]+\(.*\)?\s*$
    | \s*[)\]}]+[,:]?\s*$
    """,
    re.VERBOSE,
)
BRACES = re.compile(r"[{}]")
CODE_MARKS = re.compile(r"[{}()\[\];=<>]")
MOST_CONTROL = 0.01  # of the characters
MOST_PYTHON_LINES = 0.5  # of the lines: a text about programs also quotes them
MOST_CODE_LINES, MOST_CODE_MARKS = 0.4, 0.12  # of the lines; of the characters (minified programs are one line)
FEWEST_LETTERS = 0.4  # of the characters that are not blank
FEWEST_CHARACTERS = 40  # shorter ones say too little


def why_no_text(data: bytes, text: str) -> str | None:
    r"""What a file is instead of text, from its first bytes and as these read; None for text.

    >>> why_no_text(b"", "body { margin: 0; }\n.note {\n  color: red;\n}\n")
    'program code or a style sheet'
    >>> why_no_text(b"", "Smoke over the mill.\nTwo families moved to the school.\n")
    """
    if what := what_magic_says(data):
        return what
    if MARKUP.match(text):
        return "markup (XML or HTML) of a kind that is not read"
    if not _may_be_utf16(data) and len(CONTROL.findall(text)) > MOST_CONTROL * len(text):
        return "binary data"
    return _why_no_words(text) if len(text) >= FEWEST_CHARACTERS else None


def what_magic_says(data: bytes) -> str | None:
    r"""What a file is by its first bytes, where these are those of a format that holds no text.

    >>> what_magic_says(b"\x89PNG\r\n"), what_magic_says(b"id,text")
    ('a picture', None)
    """
    return next((what for magic, what in MAGICS if data.startswith(magic)), None)


def _why_no_words(text: str) -> str | None:
    lines = [line for line in text.splitlines() if line.strip()]
    code = sum(CODE_LINE.search(line) is not None for line in lines)
    characters = "".join(text.split())
    if any(map(PYTHON_START.match, lines)) and _is_python(lines):
        return "program code (Python)"
    if BRACES.search(text) and (
        code >= MOST_CODE_LINES * len(lines) or len(CODE_MARKS.findall(text)) > MOST_CODE_MARKS * len(characters)
    ):
        return "program code or a style sheet"
    # What did not decode may be a letter of another encoding; marks belong to the letters before them in Hindi or Thai.
    letters = sum(letter.isalpha() or letter == "\ufffd" or not letter.isascii() for letter in characters)
    return "numbers or marks, hardly any words" if letters < FEWEST_LETTERS * len(characters) else None


def _is_python(lines: list[str]) -> bool:
    return sum(PYTHON_LINE.match(line) is not None for line in lines) >= MOST_PYTHON_LINES * len(lines)


def _may_be_utf16(data: bytes) -> bool:
    """Whether every other byte is mostly zero, as in UTF-16 or UTF-32 without a mark, which may have been declared."""
    half = len(data) // 2
    return half > 0 and max(data[::2].count(0), data[1::2].count(0)) > 0.3 * half
