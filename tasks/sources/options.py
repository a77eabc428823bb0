"""How a delimited table is to be read, where the user says so and does not leave it to the evidence in the file."""

from typing import Literal

from pydantic import Field, field_validator

from models.settings import Settings

Quoting = Literal["none", "minimal", "all"]
Escape = Literal["backslash", "none"]
NAMED_DELIMITERS = {"tab": "\t", r"\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}


class ReadingOptions(Settings):
    """Form of a delimited table (CSV, TSV); what is None is decided for each file by what it holds."""

    delimiter: str | None = Field(default=None, description="Character between cells, or tab, space; None is guessed.")
    quoting: Quoting | None = Field(
        default=None,
        description="none: quotes are characters; minimal: quotes enclose the cells that need them; all: every cell.",
    )
    escape: Escape | None = Field(
        default=None,
        description="backslash: it escapes the character after it, as MySQL writes; none: backslashes are characters.",
    )
    header: bool = Field(default=True, description="Whether the first line names the columns; else they are numbered.")

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, value: str | None) -> str | None:
        return delimiter_of(value)


def delimiter_of(value: str | None) -> str | None:
    r"""The delimiter that a word names.

    >>> delimiter_of("tab"), delimiter_of(";")
    ('\t', ';')

    Raises ValueError for what is not a single character, and for quotes, backslashes and line ends.
    """
    named = NAMED_DELIMITERS.get(value, value) if value else value
    if named is not None and (len(named) != 1 or named in "\"'\r\n\\"):
        raise ValueError(f"delimiter must be one character, or tab, space, comma, semicolon, pipe, got {value!r}")
    return named
