"""Cells that no spreadsheet runs: text from outside must stay text in every program."""

import re

import pyarrow as pa
import pyarrow.compute as pc

# Excel, LibreOffice and Google Sheets take a cell that starts so for a formula, the wide forms in Japanese settings.
FORMULA = r"^'*[=+\-@\t\r\n＝＋－＠]"
# Whole cells that nothing runs: a number, as ids of some platforms are, and the name of an author.
HARMLESS = r"-?[0-9]+(?:\.[0-9]+)?|@[A-Za-z0-9_]{1,15}"


def escape_formula(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would take for a formula.

    >>> escape_formula("=1+1"), escape_formula("'=1+1"), escape_formula("1+1"), escape_formula("@SUM(1)")
    ("'=1+1", "''=1+1", '1+1', "'@SUM(1)")
    >>> escape_formula("-7283648"), escape_formula("@crisis_watch")
    ('-7283648', '@crisis_watch')
    """
    return f"'{cell}" if re.match(FORMULA, cell) and not re.fullmatch(HARMLESS, cell) else cell


def unescape_formula(cell: str) -> str:
    """What `escape_formula` was given.

    >>> unescape_formula(escape_formula("=1+1")), unescape_formula(escape_formula("'=1+1")), unescape_formula("'tis")
    ('=1+1', "'=1+1", "'tis")
    """
    return cell[1:] if cell.startswith("'") and re.match(FORMULA, cell) else cell


def escape_formulas(table: pa.Table) -> pa.Table:
    """The table with `escape_formula` applied to every cell of text."""
    for place, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            cells = table.column(place)
            harmless = pc.match_substring_regex(cells, rf"\A(?:{HARMLESS})\z")
            risky = pc.and_not(pc.match_substring_regex(cells, FORMULA), harmless)
            escaped = pc.if_else(risky, pc.binary_join_element_wise("'", cells, ""), cells)
            table = table.set_column(place, field, escaped)
    return table
