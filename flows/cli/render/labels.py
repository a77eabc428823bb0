"""How labels and the queue look on a terminal."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from rich.console import Console
from rich.text import Text

from flows.cli.render.terminal import visible
from models.labels.usable import USED
from models.wording import counted

if TYPE_CHECKING:
    from tasks.labels.queue import Question

MEANING = {1: "1 (a real disaster)", 0: "0 (none)", None: "skipped"}
MOST_KEYS = 9  # classes that have a digit each; of more the number or the name is typed, and Enter pressed
MOST_CONFLICTS = 10


class _Lines(Console):
    """A console that leaves lines to the terminal to break, so that what scripts read is whole."""

    def told(self, text: str, style: str = "") -> None:
        """Print a line, and nothing in it that a terminal obeys."""
        self.print(Text(visible(text, keep="\n"), style=style), soft_wrap=True)


def _console() -> _Lines:
    return _Lines(highlight=False, markup=False)


def meaning(label: int | str | None) -> str:
    """A label in words; of several classes its name."""
    return label if isinstance(label, str) else MEANING[label]


def keys_of(question: "Question") -> dict[str, int | str | None]:
    """What each key answers to a question; of several classes a number, from 1 on, or the folded name."""
    if not question.classes:
        return {"1": 1, "0": 0, "s": None}
    from tasks.sources.columns import fold_word

    numbers = {str(number): name for number, name in enumerate(question.classes, start=1)}
    names = {fold_word(name): name for name in question.classes} if len(numbers) > MOST_KEYS else {}
    return {**names, **numbers, "s": None}


def _prompt(question: "Question") -> str:
    classes = [f"[{number}] {name}" for number, name in enumerate(question.classes, start=1)]
    return "  ".join([*(classes or ["[1] disaster", "[0] none"]), "[s]kip", "[u]ndo", "[q]uit "])


def reads_keys() -> bool:
    """Whether somebody sits at a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def ask(question: "Question", left: int) -> str:
    """Show a tweet, and return the key that is pressed."""
    import click

    console = _console()
    console.told("")
    console.told(question.text, "bold")
    console.told(_about(vars(question)), "dim")
    console.print(f"{counted(left, 'tweet')} left. {visible(_prompt(question))}", end="")
    if len(question.classes) <= MOST_KEYS:
        return click.getchar().lower()
    from tasks.sources.columns import fold_word

    return fold_word(sys.stdin.readline() or "q")


def say(message: str) -> None:
    """What came of a key."""
    _console().told(message)


def ended(left: int) -> None:
    """What is left at the end of the queue, or when somebody quits."""
    _console().told(
        f"\nEverything is kept; {counted(left, 'tweet')} left. Counts and agreement: crisisflow label status"
    )


def _about(question: Mapping[str, Any]) -> str:
    keyword = f", keyword {unquote(question['keyword'])}" if question["keyword"] else ""
    return f"{question['id']}{keyword}; {question['asked']}: {question['reason']}"


def added(result: Mapping[str, Any]) -> None:
    """The label that was kept."""
    _console().told(f"{result['annotator']} labels {meaning(result['label'])}: {result['text']}")


def undone(result: Mapping[str, Any]) -> None:
    """The label that was taken back."""
    _console().told(f"Undone: {meaning(result['label'])}: {result['text']}")


def waiting(result: Mapping[str, Any]) -> None:
    """The next tweets."""
    console = _console()
    if not result["open"]:
        console.told("Nothing waits to be labelled. Fill the queue with: crisisflow label queue SRC")
    for each in result["tweets"]:
        console.told(each["text"], "bold")
        console.told(_about(each), "dim")
        if each.get("classes"):
            console.told(f"one of: {', '.join(each['classes'])}", "dim")
    if more := result["open"] - len(result["tweets"]):
        console.told(f"{counted(more, 'more tweet')} waiting.")


def status(result: Mapping[str, Any]) -> None:
    """Counts, agreement and conflicts."""
    console = _console()
    console.told(
        f"{counted(result['labels'], 'label')} for {counted(result['tweets'], 'tweet')}, {result['positives']:,} of "
        f"them disasters; {counted(result['skips'], 'skip')}."
    )
    if named := result.get("classes"):
        console.told(f"Of several classes: {', '.join(f'{name} {count:,}' for name, count in named.items())}.")
    for title, counts in (("By", result["annotators"]), ("Asked for as", result["asked"])):
        if counts:
            console.told(f"{title} {', '.join(f'{name}: {count:,}' for name, count in counts.items())}.")
    console.told(f"Queue: {result['open']:,} of {counted(result['questions'], 'tweet')} open.")
    _agreement(console, result["agreement"])
    for each in result["conflicts"][:MOST_CONFLICTS]:
        said = ", ".join(f"{name} says {label}" for name, label in each["labels"].items())
        console.told(f"  {said}: {each['text']}")
    if (more := len(result["conflicts"]) - MOST_CONFLICTS) > 0:
        console.told(f"  and {counted(more, 'conflict')} more")


def _agreement(console: _Lines, agreement: Mapping[str, Any]) -> None:
    if not agreement["texts"]:
        console.told("No tweet is labelled by two people: `label next --overlap` asks a second one.")
        return
    console.told(
        f"{counted(agreement['texts'], 'tweet')} labelled by several, who differ on {agreement['disagree']:,}; "
        f"Fleiss' kappa {_kappa(agreement['fleiss_kappa'])}."
    )
    for each in agreement["pairs"]:
        console.told(
            f"  {' and '.join(each['annotators'])}: {counted(each['texts'], 'tweet')}, {each['equal']:.0%} equal, "
            f"Cohen's kappa {_kappa(each['cohen_kappa'])}"
        )


def _kappa(value: float | None) -> str:
    return "not defined (one label only)" if value is None else f"{value:.2f}"


def exported(result: Mapping[str, Any]) -> None:
    """What was written, where."""
    noun = "open tweet" if result["queue"] else "label"
    _console().told(f"{counted(result['rows'], noun)} written to {result['out']}")


def imported(result: Mapping[str, Any]) -> None:
    """What became of the rows of a file."""
    console = _console()
    console.told(
        f"{counted(result['read'], 'row')}: {result['new']:,} new, {result['known']:,} known already, "
        f"{result['unusable']:,} not usable."
    )
    for reason, rows in result["reasons"].items():
        console.told(f"  {counted(rows, 'row')}: {reason}")


def queued(result: Mapping[str, Any]) -> None:
    """How many tweets were put into the queue, out of how many, and what is left of the budget."""
    console = _console()
    console.told(
        f"{counted(result['asked'], 'tweet')} to label: {result['chosen']:,} chosen, {result['random']:,} drawn at "
        f"random, of {counted(result['scored'], 'tweet')} scored by {result['model']} (version {result['version']}).",
    )
    if result["labelled"] or result["in_doubt"]:
        console.told(
            f"{counted(result['labelled'], 'tweet')} of its own data left out; {result['in_doubt']:,} of a script or "
            "words that it does not know can only be drawn at random."
        )
    if unscored := result["read"] - result["scored"]:
        console.told(f"{counted(unscored, 'row')} without a score or a text left out.")
    if result["budget"].endswith(("day", "week")):
        console.told(f"{result['left']:,} of {result['budget']} left.")
    console.told(f"{counted(result['open'], 'tweet')} waiting: crisisflow label next")


USES = {
    "added": "added",
    "corrected": "correct a row and its near-duplicates",
    "confirmed": "say what the tweets say already",
    "repeated": "repeat another one",
    "not-random": "not used: of validation or test rows, and not drawn at random",
    "conflicting-annotators": "not used: annotators differ",
    "conflicting-labels": "not used: the tweets have another label",
}


def labels_used(joined: Mapping[str, Any] | None) -> None:
    """What became of the labels that people gave, used or not; nothing where there are none."""
    if joined is None:
        return
    told = [f"{rows:,} {USES.get(name, f'not used: {name}')}" for name, rows in joined["outcomes"].items()]
    splits = ", ".join(f"{rows:,} {split}" for split, rows in sorted(joined["splits"].items()))
    console = _console()
    console.told(
        f"Labels that people gave: {joined['read']:,}. {'; '.join(told)}.{f' Added: {splits}.' * bool(splits)}"
    )
    if joined["outcomes"].keys() - set(USED):
        console.told("Those not used, with the reason: crisisflow quarantine show")


def audited(result: Mapping[str, Any]) -> None:
    """The suspected labels, each with the reason, and how many there are."""
    console = _console()
    for each in result["labels"]:
        console.told(each["text"], "bold")
        console.told(f"  {each['id']} ({each['source']} row {each['source_row']}): {each['reason']}")
    console.told(
        f"{counted(result['suspected'], 'label')} of {counted(result['rows'], 'training row')} suspected, about "
        f"{result['wrong']:,} wrong by estimate; {len(result['labels']):,} shown. "
        f"All of them: audit.json of run {result['run_id']} in MLflow."
    )


def put_into_queue(asked: int, budget: str) -> None:
    """How many tweets are asked about; of none, why."""
    if asked:
        _console().told(f"{counted(asked, 'tweet')} put into the queue: crisisflow label next")
    else:
        _console().told(
            f"Nothing is put into the queue: the budget of {budget} is spent, or all was asked about before."
        )
