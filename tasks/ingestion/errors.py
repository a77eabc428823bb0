"""The errors that end an ingest: a table that is not what its contract says, and a count that does not add up."""

from collections.abc import Sequence

from tasks.sources.columns import MissingColumnError


class RefusedTable(ValueError):
    """The table as a whole breaks a rule; nothing is learned from it.

    Carries `rule`, `figure` and `threshold` as text, and up to three offending `rows` as JSON.
    """

    def __init__(self, rule: str, figure: str, threshold: str, rows: Sequence[str]) -> None:
        self.rule, self.figure, self.threshold, self.rows = rule, figure, threshold, tuple(rows[:3])
        shown = "".join(f"\n  {row[:300]}" for row in self.rows)
        examples = f" Rows that show it:{shown}" if shown else ""
        super().__init__(f"table refused, {rule}: {figure}; allowed: {threshold}.{examples}")


def missing_column(error: MissingColumnError) -> RefusedTable:
    """The refusal of a table that lacks a column."""
    return RefusedTable("missing-column", str(error), "every column asked for", error.first_rows)


class UnreconciledError(RuntimeError):
    """Rows read are not rows kept and rows quarantined: a fault of ours, and nothing is written."""
