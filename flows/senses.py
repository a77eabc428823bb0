"""Senses: the meanings of one word, each with a vector of its own, from the text of an earlier training."""

from typing import Any

from prefect import flow
from pydantic import Field

from flows.names import scheduled_name
from models.settings import Architecture, Settings
from tasks.queries import word_senses, word_vectors
from tasks.queries.word_senses import summarize
from tasks.tracking import tracked_run


class SensesRequest(Settings):
    """Which word, in how many senses, by which training."""

    word: str = Field(description="A word that has a vector.")
    senses: int = Field(2, ge=2, description="Senses to tell apart.")
    run_id: str | None = Field(None, description="A run that trained vectors, or one above it; the latest if none.")
    architecture: Architecture | None = Field(None, description="Of a run that trained both.")
    seed: int = Field(1, ge=0, description="Of the clusters that the search starts from.")
    neighbours: int = Field(10, ge=1, description="Words to show for each sense.")
    context: str | None = Field(None, description="A text with the word in it, whose sense is asked.")


@flow(name="senses", flow_run_name=scheduled_name)
def learn_senses(request: SensesRequest) -> dict[str, Any]:
    """Tell the senses of a word apart; return what `--json` prints."""
    training = word_vectors.find_training(request.run_id, request.architecture)
    vectors = word_vectors.artifact_of(training)
    word = word_senses.one_word(vectors, request.word)
    with tracked_run(f"senses of {word}", "senses", settings=request) as run:
        run.tag(vectors_run_id=training.info.run_id)
        text = word_senses.text_inputs(training)
        learned = word_senses.learn_senses(run, vectors, text, word=word, senses=request.senses, seed=request.seed)
        return summarize(run, vectors, learned, word, request.neighbours, request.context)
