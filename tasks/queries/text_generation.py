"""Text drawn from language models that were trained: those of a run, the latest one by default."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.language.settings import LanguageSettings
from models.settings import TextSettings
from models.text.vocabulary import UNKNOWN_ID
from tasks import tracking
from tasks.runtime import state_folder
from tasks.store import artifact_store, formats

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun

    from models.language.generation import Sampler
    from models.text.vocabulary import Vocabulary

TRAINED = "tags.stage = 'train_language_model' and attributes.status = 'FINISHED'"


def find_language_model(run_id: str | None) -> "MlflowRun":
    """The newest run that trained a language model: of all, or at or below this one. Raises ValueError without one."""
    if run_id is None:
        found = tracking.find_runs(TRAINED)
        where = "no run has trained a language model yet"
    else:
        run = tracking.read_run(run_id)
        links = (f"tags.root_run_id = '{run_id}'", f"tags.`mlflow.parentRunId` = '{run_id}'")
        below = [each for link in links for each in tracking.find_runs(f"{TRAINED} and {link}")]
        found = [run] if run.data.tags.get("stage") == "train_language_model" else below
        where = f"run {run_id} trained no language model"
    if not found:
        raise ValueError(f"{where}: train one with `crisisflow language-model`")
    return found[0]


def artifact_of(run: "MlflowRun") -> Path:
    """The artifact that a step's run made, whole. Raises ValueError when the state folder has lost it."""
    artifact = state_folder.state_home() / "store" / run.data.tags["output"]
    if not artifact_store.is_artifact(artifact):
        raise ValueError(
            f"model of run {run.info.run_id} is no longer in {artifact.parent}: run `crisisflow language-model`"
        )
    artifact_store.verify(artifact)
    return artifact


def read_sampler(artifact: Path) -> "tuple[Sampler, Vocabulary, TextSettings]":
    """What draws text, the words of its ids, and how prompts become tokens; no TensorFlow is loaded."""
    from models.language.generation import sampler_of

    about = json.loads((artifact / "language.json").read_text())
    with np.load(artifact / "weights.npz", allow_pickle=False) as weights:
        sampler = sampler_of(dict(weights), LanguageSettings(**about["settings"]))
    return sampler, formats.read_vocabulary(artifact), TextSettings(**about["text"])


def generate_texts(
    run_id: str | None, prompt: str, count: int, seed: int, temperature: float, top_k: int | None, length: int
) -> dict[str, Any]:
    """What `generate --json` prints: texts that begin with the prompt, drawn from a run's language model."""
    from models.language.generation import generate

    run = find_language_model(run_id)
    sampler, words, settings = read_sampler(artifact_of(run))
    prompted = _prompt_tokens(prompt, settings)
    known = [words.ids.get(token, UNKNOWN_ID) for token in prompted]
    drawn = generate(sampler, [known] * count, seed, temperature=temperature, top_k=top_k, length=length)
    return {
        "prompt": prompt,
        "texts": [" ".join([*prompted, *words.decode(np.array(ids, np.int64))]) for ids in drawn],
        "unknown": [token for token in prompted if token not in words.ids],
        "temperature": temperature,
        "top_k": top_k,
        "seed": seed,
        "model": f"{run.info.run_name}, run {run.info.run_id}",
    }


def _prompt_tokens(prompt: str, settings: TextSettings) -> Sequence[str]:
    import pyarrow as pa

    from models.text import repair_texts, tokenize_texts

    return tokenize_texts(repair_texts(pa.array([prompt]))[0], settings).to_lists()[0]
