"""The commands by which people label tweets: label add, next, undo, status; the rest of `label` is registered here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import label_files, label_queue
from flows.cli.grouping import grouped
from flows.cli.render import labels
from flows.cli.runner import AsJson, Debug, command, show

if TYPE_CHECKING:
    from tasks.labels.store import Answer

UNDO, QUIT, INTERRUPT = "u", ("q", "\x04"), "\x03"

Annotator = Annotated[
    str | None,
    typer.Option("--as", metavar="NAME", envvar="CRISISFLOW_ANNOTATOR", help="Who labels. Default: your user name."),
]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    label = typer.Typer(
        no_args_is_help=True,
        help="Label tweets: a queue of those that teach most, a history that is never lost, files for other tools. "
        "Retraining learns from the labels.",
    )
    for name, function in (("add", add), ("next", next_tweets), ("undo", undo), ("status", status)):
        label.command(name)(grouped(function))
    label_files.register(label)
    label_queue.register(label)
    app.add_typer(label, name="label")


@dataclass(frozen=True)
class TweetToLabel:
    """The tweet that a label is given to."""

    text: Annotated[
        str | None, typer.Argument(metavar="[TEXT]", help="The tweet. Without it, that of --id in the queue.")
    ] = None
    id: Annotated[str | None, typer.Option("--id", metavar="ID", help="Id of the tweet.")] = None
    keyword: Annotated[str | None, typer.Option(help="Search keyword of the tweet, where the model reads one.")] = None

    def answered(self, annotator: str, word: str) -> "Answer":
        """The answer. Raises ValueError where no tweet is named, and for a word that is no label of it."""
        from tasks.labels.queue import asked_classes, find_question, with_reasons
        from tasks.labels.store import Answer

        if self.text is None and self.id is None:
            raise ValueError('name the tweet: its text in quotes, or --id of one in the queue: label add 1 "TEXT"')
        if self.text is None:
            question = find_question(str(self.id))
            return question.answered(annotator, _label(word, question.classes, usual=not question.classes))
        label = _label(word, asked_classes(), usual=True)
        return with_reasons([Answer(annotator, self.id or "", self.text, label, self.keyword)])[0]


def _label(word: str, classes: Sequence[str], usual: bool) -> int | str:
    """What a word says: one of these classes, or, where it may, 1 or 0. Raises ValueError for another word."""
    from tasks.sources.columns import USUAL_LABELS, fold_word

    known: dict[str, int | str] = dict(USUAL_LABELS) if usual else {}
    known |= {fold_word(name): name for name in classes}
    if fold_word(word) not in known:
        of_two = "1 (a real disaster) or 0" if usual else ""
        of_classes = f"one of {', '.join(classes)}" if classes else ""
        raise ValueError(f"a label is {', or '.join(filter(None, (of_two, of_classes)))}, got {word!r}")
    return known[fold_word(word)]


def add(
    *,
    label: Annotated[
        str, typer.Argument(metavar="LABEL", help="1: reports a real disaster. 0: does not. Or the name of a class.")
    ],
    tweet: TweetToLabel,
    annotator: Annotator = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Label one tweet, named by its text or by its id in the queue.

    A second label of the same annotator for a tweet, or a near-duplicate of it, replaces the first one; the first one
    stays in the history. Where the queue asks for a label of several classes, their names are the labels.

    Example: crisisflow label add 1 "Forest fire near La Ronge Sask. Canada"
    """
    with command(debug):
        from tasks.labels.store import record

        answer = tweet.answered(_name(annotator), label)
        number = record([answer])[0]
        result = {"number": number} | {name: told for name, told in vars(answer).items() if name not in ("time", "key")}
    show(result, as_json, labels.added)


def next_tweets(
    *,
    annotator: Annotator = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="Tweets to print, where no keys are read.")] = 1,
    overlap: Annotated[
        bool, typer.Option("--overlap", help="Also tweets that others have labelled: shows how far you agree.")
    ] = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show what is to be labelled next. In a terminal, label by keys: 1, 0, s to skip, u to undo, q to quit.

    Of a label of several classes each has a number; of more than nine the number or name is typed.

    Each key is kept at once: nothing is lost when the connection goes. Elsewhere, and with --json, the next tweets are
    printed; `label add` answers them.

    Example: crisisflow label next
    """
    with command(debug):
        from tasks.labels.queue import open_questions
        from tasks.labels.store import check_annotator
        from tasks.runtime.progress import no_bars

        name = _name(annotator)
        check_annotator(name)
        waiting = open_questions(name, overlap=overlap)
        if not as_json and waiting and labels.reads_keys():
            with no_bars():
                _label_by_keys(name, overlap)
            return
        result = {"open": len(waiting), "tweets": [each.told() for each in waiting[:count]]}
    show(result, as_json, labels.waiting)


def _label_by_keys(annotator: str, overlap: bool) -> None:
    """Ask about one tweet after the other until the queue is empty or the annotator quits."""
    from tasks.labels.queue import open_questions
    from tasks.labels.store import record

    skipped = set[str]()  # groups that were skipped now: they wait for the next time
    while waiting := [each for each in open_questions(annotator, overlap=overlap) if each.text_group not in skipped]:
        key = labels.ask(waiting[0], len(waiting))
        if key in QUIT:
            break
        if key == INTERRUPT:
            raise KeyboardInterrupt
        if key == UNDO:
            labels.say(_take_back(annotator, skipped))
        elif key in (known := labels.keys_of(waiting[0])):
            record([waiting[0].answered(annotator, known[key])])
            skipped |= {waiting[0].text_group} if known[key] is None else set()
            labels.say(labels.meaning(known[key]))
    labels.ended(len(open_questions(annotator, overlap=overlap)))


def _take_back(annotator: str, skipped: set[str]) -> str:
    """Undo the last answer, and say so; a tweet that was skipped is asked about again."""
    from tasks.labels.store import undo as take_back

    try:
        last = take_back(annotator)
    except ValueError as error:
        return str(error)
    skipped.discard(last.text_group)
    return f"undone: {labels.meaning(last.label)}: {last.text}"


def undo(*, annotator: Annotator = None, as_json: AsJson = False, debug: Debug = False) -> None:
    """Take back your last label, or skip, that stands; the history keeps both.

    Example: crisisflow label undo
    """
    with command(debug):
        from tasks.labels.store import undo as take_back

        result = vars(take_back(_name(annotator)))
    show(result, as_json, labels.undone)


def status(*, as_json: AsJson = False, debug: Debug = False) -> None:
    """Count labels by annotator and by why they were asked for, and show how far annotators agree, and where not.

    Cohen's kappa for each pair of annotators, Fleiss' kappa for all of them: 0 is chance, 1 is equal. Tweets on which
    annotators differ are quarantined by the next retraining until one of them gives another label.

    Example: crisisflow label status
    """
    with command(debug):
        from tasks.labels.summary import summarise

        result = summarise()
    show(result, as_json, labels.status)


def _name(annotator: str | None) -> str:
    from tasks.runtime.processes import user

    return annotator or user()
