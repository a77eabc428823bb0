"""What is shown of a word's senses: neighbours, examples, and which of them a new text means."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from models.settings import TextSettings
from models.text import tokenize_texts
from models.vectors.formats import from_table
from tasks.queries.word_senses import neighbours_of, read_joined, read_space, rows_of
from tasks.store import formats
from tasks.tracking import Run


def summarize(run: Run, vectors: Path, learned: Path, word: str, count: int, context: str | None) -> dict[str, Any]:
    """What `senses --json` prints; with a context, how likely each sense is in it."""
    known, named = formats.read_vectors(vectors), from_table(pq.read_table(learned / "senses.parquet"))
    told = probabilities(learned, vectors, word, context) if context else None
    columns = {
        "name": named.tokens.to_pylist(),
        "share": read_arrays(learned)["shares"].tolist(),
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
    arrays = read_arrays(learned)
    senses = Senses(row, arrays["shares"], arrays["tilts"], arrays["normalizers"])
    contexts = context_rows(rows, text.offsets, places[:1])
    return senses.probabilities(contexts, read_space(vectors, arrays["counts"]))[0]


def read_arrays(learned: Path) -> dict[str, np.ndarray]:
    """The numbers of learned senses by name."""
    with np.load(learned / "senses.npz") as arrays:
        return dict(arrays)
