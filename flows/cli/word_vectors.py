"""The commands that ask word vectors: neighbours, analogies, senses and more; their scores, and their export."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.grouping import grouped
from flows.cli.options import Overwrite
from flows.cli.render import models
from flows.cli.runner import AsJson, Debug, command, orchestration, show
from flows.cli.vector_options import Architecture

if TYPE_CHECKING:
    from models.vectors import WordVectors


class Method(StrEnum):
    """How an analogy is worked out."""

    add = "3CosAdd"
    multiply = "3CosMul"


class Format(StrEnum):
    """What other tools read."""

    word2vec_text = "word2vec-text"
    word2vec_binary = "word2vec-binary"
    projector = "projector"
    keras = "keras"
    parquet = "parquet"
    fasttext = "fasttext"


RunId = Annotated[
    str | None,
    typer.Option("--run", metavar="RUN_ID", help="A run that trained vectors, or one above it. Default: the latest."),
]
VectorFile = Annotated[
    Path | None,
    typer.Option("--vectors", metavar="FILE", help="A file instead: word2vec text or binary, GloVe, or Parquet."),
]
WhichArchitecture = Annotated[
    Architecture | None,
    typer.Option(
        "--architecture", help="Of a run that trained both. Default: the last it trained.", show_default=False
    ),
]
Count = Annotated[int, typer.Option("--count", "-n", min=1, help="How many words to show.")]


@dataclass(frozen=True)
class VectorChoice:
    """Which word vectors are asked: those of a run, of one of its architectures, or of a file."""

    run_id: RunId = None
    vectors: VectorFile = None
    architecture: WhichArchitecture = None


@dataclass(frozen=True)
class JudgementFiles:
    """Files of human judgements, and where their words and scores stand."""

    similarities: Annotated[
        str | None, typer.Option(metavar="FILE", help="Word pairs with human scores: WordSim-353, SimLex-999, MEN.")
    ] = None
    analogies: Annotated[
        str | None, typer.Option(metavar="FILE", help="Analogy questions: questions-words.txt, BATS in its form.")
    ] = None
    word_columns: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Columns of the two words of a pair, by name or number from 1."),
    ] = None
    score_column: Annotated[
        str | None, typer.Option(help="Column of the human score of a pair, by name or number from 1.")
    ] = None


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    for function in (neighbours, similarity, analogy, doesnt_match, senses, evaluate_vectors, export_vectors):
        app.command()(grouped(function))
    app.command("odd-one-out", hidden=True)(grouped(doesnt_match))  # its name in 0.1, which scripts still use


def neighbours(
    *,
    word: Annotated[str, typer.Argument(help="A word, or a phrase in quotes: the mean of its words.")],
    count: Count = 10,
    chosen: VectorChoice,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show the words whose vectors are nearest to a word's or a phrase's, by cosine.

    Example: crisisflow neighbours flood
    """
    with command(debug), _asking(chosen) as (known, source):
        result = {"word": word, "neighbours": _scored(known.neighbours(word, count), "cosine"), "vectors": source}
    show(result, as_json, models.ranked_words)


def similarity(
    *,
    one: Annotated[str, typer.Argument(help="A word, or a phrase in quotes.")],
    other: Annotated[str, typer.Argument(help="Another.")],
    chosen: VectorChoice,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Say how alike two words or phrases are: the cosine of their vectors, -1 to 1.

    Example: crisisflow similarity "forest fire" wildfire
    """
    with command(debug), _asking(chosen) as (known, source):
        result = {"one": one, "other": other, "cosine": known.similarity(one, other), "vectors": source}
    show(result, as_json, models.facts)


def analogy(
    *,
    one: Annotated[str, typer.Argument(metavar="A", help="A is to B ...")],
    other: Annotated[str, typer.Argument(metavar="B", help="... as C is to what?")],
    third: Annotated[str, typer.Argument(metavar="C", help="The word to find the partner of.")],
    method: Annotated[Method, typer.Option(help="Add cosines, or multiply them.", case_sensitive=False)] = Method.add,
    count: Count = 10,
    chosen: VectorChoice,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show what is to C as B is to A: with man king woman, the words nearest to king - man + woman.

    Example: crisisflow analogy man king woman --method 3CosMul
    """
    with command(debug), _asking(chosen) as (known, source):
        answers = known.analogy(one, other, third, count, "add" if method is Method.add else "multiply")
        result = {
            "question": f"{other} - {one} + {third}",
            "method": method.value,
            "answers": _scored(answers, "score"),
            "vectors": source,
        }
    show(result, as_json, models.ranked_words)


def doesnt_match(
    *,
    words: Annotated[list[str], typer.Argument(help="Three words or more.")],
    chosen: VectorChoice,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Say which word is least like the others.

    Example: crisisflow doesnt-match flood quake fire song
    """
    with command(debug), _asking(chosen) as (known, source):
        result = {"words": words, "odd_one_out": known.doesnt_match(words), "vectors": source}
    show(result, as_json, models.facts)


def senses(
    word: Annotated[str, typer.Argument(help="A word of the text that the vectors were learned from.")],
    senses: Annotated[int, typer.Option(min=2, max=9, help="Senses to tell apart.")] = 2,
    context: Annotated[
        str | None, typer.Option(metavar="TEXT", help="A text with the word in it: which sense does it mean?")
    ] = None,
    count: Count = 10,
    run_id: RunId = None,
    architecture: WhichArchitecture = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the clusters that the search starts from.")] = 1,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Tell the meanings of a word apart: a vector for each, with its neighbours, a map in MLflow, and examples.

    Learned from the text that the run's vectors were learned from; asked again, the answer is reused.

    Example: crisisflow senses apple --context "an apple and a pear for lunch"
    """
    with command(debug), orchestration():
        from flows import senses as stage

        request = stage.SensesRequest(
            word=word,
            senses=senses,
            run_id=run_id,
            architecture=architecture.value if architecture else None,
            seed=seed,
            neighbours=count,
            context=context,
        )
        result = stage.learn_senses(request)
    show(result, as_json, models.senses)


def evaluate_vectors(
    *,
    files: JudgementFiles,
    vocabulary: Annotated[
        int, typer.Option(min=4, help="Ask analogies among so many words only, the most frequent.")
    ] = 30_000,
    chosen: VectorChoice,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Score word vectors on any similarity file, any analogy file, or both; how much they cover stands beside it.

    Example: crisisflow evaluate-vectors --similarities wordsim353.tsv --analogies questions-words.txt
    """
    with command(debug):
        from tasks.queries import word_vectors
        from tasks.training.vector_benchmarks import Judgements

        if files.similarities is None and files.analogies is None:
            raise ValueError("nothing to score on: give --similarities FILE, --analogies FILE or both")
        known, source = _load(chosen)
        columns = word_vectors.similarity_columns(files.word_columns, files.score_column)
        judgements = Judgements.read(files.similarities, files.analogies, columns)
        result = {**judgements.summary(known, vocabulary), "vectors": source}
    show(result, as_json, models.evaluated_vectors)


def export_vectors(
    out: Annotated[Path, typer.Option(help="File to write; for the projector, a folder.")],
    run_id: Annotated[
        str | None, typer.Argument(metavar="[RUN_ID]", help="A run that trained vectors. Default: the latest.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="Who shall read it.")] = Format.word2vec_text,
    vectors: VectorFile = None,
    architecture: WhichArchitecture = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Write word vectors for other tools: gensim and its like, TensorFlow's projector, Keras, or Parquet.

    With --vectors it converts a file. The Keras file is a model of one Embedding layer, over the ids of the
    vocabulary file beside it. The fastText file holds n-grams too, of vectors trained with `crisisflow embed
    --subwords`; all other formats hold the words of the vocabulary alone.

    Example: crisisflow export-vectors --format word2vec-binary --out vectors.bin
    """
    with command(debug):
        from tasks.queries import word_vectors
        from tasks.store.outputs import Outputs

        outputs = Outputs((vectors,) if vectors else (), overwrite)
        outputs.check(*word_vectors.export_files(form.value, out))
        known, source = _load(VectorChoice(run_id, vectors, architecture))
        files = word_vectors.export(known, form.value, out, outputs)
        result = {
            "format": form.value,
            "words": len(known),
            "width": known.width,
            "files": [str(file.resolve()) for file in files],
            "vectors": source,
        }
    show(result, as_json, models.facts)


def _load(chosen: VectorChoice) -> "tuple[WordVectors, str]":
    """The vectors that the options name, and where they come from."""
    from tasks.queries.word_vectors import Source

    if chosen.run_id is not None and chosen.vectors is not None:
        raise ValueError("--run and --vectors both name vectors: give one of them")
    return Source(chosen.run_id, chosen.vectors, chosen.architecture.value if chosen.architecture else None).load()


@contextmanager
def _asking(chosen: VectorChoice) -> "Iterator[tuple[WordVectors, str]]":
    """The same for a block; where it asks for an unknown word, the error says which vectors were asked."""
    from models.vectors.word_vectors import UnknownWordError

    known, source = _load(chosen)
    try:
        yield known, source
    except UnknownWordError as error:
        raise ValueError(f"{error}. Asked: {source}; --run RUN_ID or --vectors FILE names others") from None


def _scored(words: list[tuple[str, float]], name: str) -> list[dict[str, Any]]:
    return [{"word": word, name: score} for word, score in words]
