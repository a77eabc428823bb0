"""Text drawn from language models that were trained: those of a run, the latest one by default."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.language.settings import LanguageSettings
from models.settings import TextSettings
from models.text.vocabulary import UNKNOWN_ID
from tasks.queries import trainings
from tasks.store import formats

if TYPE_CHECKING:
    from models.language.generation import Sampler
    from models.text.vocabulary import Vocabulary
    from tasks.tracking import MlflowRun


def find_language_model(run_id: str | None) -> "MlflowRun":
    """The newest run that trained a language model: of all, or at or below this one. Raises ValueError without one."""
    found = trainings.find_training("train_language_model", run_id)
    if found is None:
        where = (
            "no run has trained a language model yet" if run_id is None else f"run {run_id} trained no language model"
        )
        raise ValueError(f"{where}: train one with `crisisflow language-model`")
    return found


def read_sampler(artifact: Path) -> "tuple[Sampler, Vocabulary, TextSettings]":
    """What draws text, the words of its ids, and how prompts become tokens; no TensorFlow is loaded."""
    from models.language.generation import sampler_of

    about = json.loads((artifact / "language.json").read_text())
    sampler = sampler_of(formats.read_arrays(artifact / "weights.npz"), LanguageSettings(**about["settings"]))
    return sampler, formats.read_vocabulary(artifact), TextSettings(**about["text"])


def generate_texts(
    run_id: str | None, prompt: str, count: int, seed: int, temperature: float, top_k: int | None, length: int
) -> dict[str, Any]:
    """What `generate --json` prints: texts that begin with the prompt, drawn from a run's language model."""
    from models.language.generation import generate

    run = find_language_model(run_id)
    sampler, words, settings = read_sampler(trainings.artifact_of(run, "crisisflow language-model"))
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
