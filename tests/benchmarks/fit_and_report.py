"""The two commands of a benchmark that keeps what it fitted: `fit`, and `report` of what is kept."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

Command = Callable[[argparse.Namespace], Any]


class Parsers(NamedTuple):
    """The parser of all, and those of the two commands, to add options to."""

    whole: argparse.ArgumentParser
    fitting: argparse.ArgumentParser
    reporting: argparse.ArgumentParser


def parsers(description: str | None, fit: Command, report: Command) -> Parsers:
    """The parsers with the options that all such benchmarks have."""
    whole = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = whole.add_subparsers(required=True)
    fitting, reporting = commands.add_parser("fit"), commands.add_parser("report")
    fitting.add_argument("--tweets", required=True)
    fitting.add_argument("--corpus", action="append", default=[], help="text for word vectors; repeatable")
    fitting.add_argument("--pretrain-on", action="append", default=[], help="labelled texts for the same; repeatable")
    fitting.add_argument("--recipe", default="quick")
    for each, run in ((fitting, fit), (reporting, report)):
        each.add_argument("--keep", type=Path, required=True, help="folder of what was fitted")
        each.set_defaults(run=run)
    return Parsers(whole, fitting, reporting)


def run(whole: argparse.ArgumentParser) -> None:
    """Do what the command line says."""
    given = whole.parse_args()
    given.keep.mkdir(parents=True, exist_ok=True)
    given.run(given)
