"""The senses of a word, learned from the vectors of an earlier training and the text that it read."""

import json
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.settings import TextSettings
from models.text import Tokens, tokenize_texts
from models.text.phrases import Phrases, join_phrases
from models.vectors.formats import from_table
from tasks.runtime import environment, state_folder
from tasks.steps import step
from tasks.store import artifact_store, formats
from tasks.tracking import Run
from tasks.training.embeddings import UnlabelledText

if TYPE_CHECKING:
    from models.senses import Senses, WordSpace
    from models.vectors import WordVectors
    from tasks.tracking import MlflowRun

MAP_NEIGHBOURS, EXAMPLES, EXAMPLE_REACH = 12, 3, 6


@step("senses of {word}", hardware=True)
def learn_senses(
    run: Run,
    vectors: Path,
    text: UnlabelledText,
    word: str,
    senses: int,
    seed: int,
) -> Path:
    """Tell the senses of a word apart in the text that its vectors were learned from."""
    run.tag(device=environment.load_tensorflow())
    from models.senses import learn_senses as learn
    from models.vectors.formats import to_table

    known = formats.read_vectors(vectors)
    tokens = read_joined(vectors, text.read())
    rows, row = rows_of(tokens, known), known.row(word)
    space = read_space(vectors, np.bincount(rows[rows >= 0], minlength=len(known)))

    def log_round(number: int, loss: float) -> None:
        run.log_history([(number, {"train/loss": loss})])

    found, beliefs = learn(rows, tokens.offsets, row, space, senses, seed, log_round)
    named = named_senses(found, space, word)
    run.log_metrics({"occurrences": len(beliefs), **{f"share/{n}": s for n, s in enumerate(found.shares, start=1)}})
    _log_picture(run, word, found, named, known)
    numbers = {"shares": found.shares, "tilts": found.tilts, "normalizers": found.normalizers, "counts": space.counts}
    parts = {
        "senses.parquet": to_table(named),
        "senses.npz": numbers,
        "examples.json": examples(tokens, np.flatnonzero(rows == row), beliefs),
    }
    return formats.write_artifact("senses", parts)


def one_word(vectors: Path, phrase: str) -> str:
    """The word or learned phrase that these vectors have for what a user typed. Raises UnknownWordError for none.

    So too for a word that is known by its n-grams alone.
    """
    from models.vectors import SubwordVectors, UnknownWordError

    known = formats.read_vectors(vectors)
    words = known.words_of(phrase)
    if len(words) == 1 and words[0] in known:
        return words[0]
    if isinstance(known, SubwordVectors) and phrase not in known:
        near = ", ".join(known.close_words(phrase))
        raise UnknownWordError(
            f"{phrase!r} is not in the text, and its n-grams do not tell senses, which are learned from where a word "
            "stands" + (f"; close words that are: {near}" if near else "")
        )
    word: str = known.tokens[known.row(phrase)].as_py()
    return word


def text_inputs(training: "MlflowRun") -> UnlabelledText:
    """The artifacts that a training of vectors read its text from. Raises ValueError when the store has lost one."""
    found: dict[str, Path] = {}
    names = {field.name for field in fields(UnlabelledText)}
    for each in training.inputs.dataset_inputs if training.inputs else ():
        context = next(tag.value for tag in each.tags if tag.key == "mlflow.data.context")
        artifact = state_folder.state_home() / "store" / each.dataset.name / each.dataset.digest
        if context in names:
            if not artifact_store.is_artifact(artifact):
                raise ValueError(f"the text of run {training.info.run_id} is no longer in {artifact}: embed it again")
            found[context] = artifact
    return UnlabelledText(**found)


def read_joined(vectors: Path, text: Tokens) -> Tokens:
    """The text with the phrases joined that these vectors were learned with."""
    import pyarrow.parquet as pq

    for path in sorted(vectors.glob("phrases-*.parquet")):
        text = join_phrases(text, Phrases.from_table(pq.read_table(path)))
    return text


def rows_of(text: Tokens, vectors: "WordVectors") -> np.ndarray:
    """The row of each token's vector, int32 (tokens,); -1 where it has none."""
    rows = pc.index_in(text.words, value_set=vectors.tokens).fill_null(-1).to_numpy(zero_copy_only=False)
    rows_of_tokens: np.ndarray = rows.astype(np.int32)[text.codes]
    return rows_of_tokens


def read_space(vectors: Path, counts: np.ndarray) -> "WordSpace":
    """What senses are told apart by, of a training's artifact: its vectors, and those of words as context."""
    import pyarrow.parquet as pq

    from models.senses import WordSpace
    from models.vectors.formats import from_table

    contexts = from_table(pq.read_table(vectors / "contexts.parquet"))
    return WordSpace(formats.read_vectors(vectors).vectors, contexts.vectors, counts)


def named_senses(senses: "Senses", space: "WordSpace", word: str) -> "WordVectors":
    """The vectors of the senses, named word/1, word/2 and so on."""
    from models.vectors import WordVectors

    numbers = senses.vectors(space)
    return WordVectors(pa.array([f"{word}/{number}" for number in range(1, len(numbers) + 1)]), numbers)


def neighbours_of(
    senses: "WordVectors", word: str, vectors: "WordVectors", count: int
) -> list[list[tuple[str, float]]]:
    """The words nearest to each sense, with their cosines; the word itself left out."""
    return [vectors.near(vector, count, [vectors.row(word)]) for vector in senses.vectors]


def examples(text: Tokens, positions: np.ndarray, beliefs: np.ndarray) -> list[list[str]]:
    """For each sense some of the text around its surest occurrences, one of each document at most."""
    documents = np.searchsorted(text.offsets, positions, side="right") - 1
    shown = []
    for belief in beliefs.T:
        surest = np.argsort(-belief, kind="stable")
        _, first = np.unique(documents[surest], return_index=True)
        chosen = surest[np.sort(first)[:EXAMPLES]]
        shown.append([_around(text, positions[each], documents[each]) for each in chosen])
    return shown


def _around(text: Tokens, position: int, document: int) -> str:
    start = max(position - EXAMPLE_REACH, text.offsets[document])
    stop = min(position + EXAMPLE_REACH + 1, text.offsets[document + 1])
    return " ".join(text.words.take(pa.array(text.codes[start:stop])).to_pylist())


def _log_picture(run: Run, word: str, found: "Senses", named: "WordVectors", known: "WordVectors") -> None:
    """A map of the senses among their neighbours, and the neighbours as a table."""
    from models.figures import sense_map

    near = neighbours_of(named, word, known, MAP_NEIGHBOURS)
    names = [[name for name, _ in each] for each in near]
    around = known.vectors[[known.row(name) for each in names for name in each]]
    run.log_figure(sense_map(word, found.shares.tolist(), named.vectors, names, around), "senses")
    run.log_table(
        {
            "sense": [sense for sense, each in zip(named.tokens.to_pylist(), near, strict=True) for _ in each],
            "neighbour": [name for each in near for name, _ in each],
            "cosine": [round(cosine, 3) for each in near for _, cosine in each],
        },
        "sense-neighbours",
    )


def summarize(run: Run, vectors: Path, learned: Path, word: str, count: int, context: str | None) -> dict[str, Any]:
    """What `senses --json` prints; with a context, how likely each sense is in it."""
    known, named = formats.read_vectors(vectors), from_table(pq.read_table(learned / "senses.parquet"))
    told = probabilities(learned, vectors, word, context) if context else None
    columns = {
        "name": named.tokens.to_pylist(),
        "share": formats.read_arrays(learned / "senses.npz")["shares"].tolist(),
        "probability": [None] * len(named) if told is None else told.tolist(),
        "neighbours": [
            [{"word": other, "cosine": cosine} for other, cosine in near]
            for near in neighbours_of(named, word, known, count)
        ],
        "examples": json.loads((learned / "examples.json").read_text()),
    }
    senses = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return {"run_id": run.run_id, "word": word, "senses": senses, "context": context}


def probabilities(learned: Path, vectors: Path, word: str, context: str) -> np.ndarray:
    """How likely each sense of the word is where it first stands in a text. Raises ValueError when it does not."""
    from models.senses import Senses, context_rows

    known = formats.read_vectors(vectors)
    text = read_joined(vectors, tokenize_texts(pa.array([context]), TextSettings()))
    rows, row = rows_of(text, known), known.row(word)
    places = np.flatnonzero(rows == row)
    if len(places) == 0:
        raise ValueError(f"{word!r} does not stand in {context!r}: give a text with the word in it")
    arrays = formats.read_arrays(learned / "senses.npz")
    senses = Senses(row, arrays["shares"], arrays["tilts"], arrays["normalizers"])
    contexts = context_rows(rows, text.offsets, places[:1])
    first: np.ndarray = senses.probabilities(contexts, read_space(vectors, arrays["counts"]))[0]
    return first
