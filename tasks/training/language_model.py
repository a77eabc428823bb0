"""Language models: train on corpus and training tweets, show how they learn, save."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.language.settings import LanguageSettings
from models.settings import TextSettings, VocabularySettings
from models.training.checkpoints import Epoch, TrainingHooks
from tasks import tracking
from tasks.runtime import environment
from tasks.runtime.progress import progress
from tasks.steps import step
from tasks.store import formats
from tasks.store.checkpoints import Checkpoints
from tasks.tracking import Run
from tasks.training.embeddings import UnlabelledText
from tasks.training.epoch_log import EpochLog

if TYPE_CHECKING:
    import keras

    from models.text.vocabulary import Vocabulary

SAMPLE_TEMPERATURES = (0.5, 0.8, 1.0)


@step("train language model", hardware=True)
def train_language_model(
    run: Run,
    unlabelled: UnlabelledText,
    settings: LanguageSettings,
    text: TextSettings,
    seed: int,
) -> Path:
    """Learn which word follows, from the corpus and the training tweets, whose labels are not looked at.

    `text` says how the tokens were made, for the prompts of later.
    """
    run.tag(device=environment.load_tensorflow())
    from models.language.documents import Documents, hold_out
    from models.language.network import build_language_model
    from models.language.training import train_language_model as train
    from models.text.vocabulary import fit_vocabulary

    learned, held_out = hold_out(unlabelled.read(), settings.validation_share)
    words = fit_vocabulary(learned, VocabularySettings(min_count=settings.min_count, max_size=settings.max_vocabulary))
    documents = Documents(*words.encode(learned))
    model = build_language_model(settings, words.counts, seed)
    kept, epochs, samples = Checkpoints(run.action_key), EpochLog(run), SampleRecorder(model, words, settings, seed)
    every_token = settings.epochs * len(settings.directions) * (len(documents.ids) + len(learned))
    with progress("train language model", every_token, "tokens") as report:

        def end_epoch(epoch: int, scores: Mapping[str, float]) -> None:
            epochs.record(epoch, scores)
            samples.record(epoch, scores)

        hooks = TrainingHooks(end_epoch, report, kept.save, kept.latest())
        history = train(model, documents, Documents(*words.encode(held_out)), settings, seed, hooks)
    epochs.rest(history)
    unknown = float(np.mean(documents.ids == 1))
    run.log_metrics({"documents": len(learned), "held_out_documents": len(held_out), "unknown_share": unknown})
    samples.log(run)
    return _write(run, model, words, history, {"settings": settings.model_dump(), "text": text.model_dump()})


def _write(run: Run, model: "keras.Model", words: "Vocabulary", history: list[Epoch], about: Mapping[str, Any]) -> Path:
    """Save the trained model with its vocabulary and settings; log its curves and sizes."""
    from models.figures import language_curves
    from models.language.network import weights_by_path

    run.log_figure(language_curves(history), "learning-curves")
    run.log_metrics({"vocabulary": len(words), "epochs": len(history), "parameters": model.count_params()})
    parts = {"language.json": about, "weights.npz": weights_by_path(model), "vocabulary.parquet": words.to_table()}
    return formats.write_artifact("language-model", parts)


class SampleRecorder:
    """Draws a few texts as each epoch of this process ends, so that one can read how the model learns."""

    def __init__(self, model: "keras.Model", words: "Vocabulary", settings: LanguageSettings, seed: int) -> None:
        self.model, self.words, self.settings, self.seed = model, words, settings, seed
        self.rows: list[tuple[int, float, str]] = []

    def record(self, epoch: int, _scores: Any) -> None:
        """What the trainer calls."""
        from models.language.generation import generate, sampler_of
        from models.language.network import weights_by_path

        if "forward" not in self.settings.directions:
            return
        sampler = sampler_of(weights_by_path(self.model), self.settings)
        for temperature in SAMPLE_TEMPERATURES:
            for ids in generate(sampler, [[], []], self.seed, temperature=temperature):
                self.rows.append((epoch, temperature, " ".join(self.words.decode(np.array(ids)))))

    def log(self, run: Run) -> None:
        """Put the table on the run."""
        if self.rows:
            run.log_table(
                dict(zip(("epoch", "temperature", "text"), zip(*self.rows, strict=True), strict=True)), "samples"
            )


def language_summary(run: Run, settings: LanguageSettings, model: Path) -> dict[str, Any]:
    """What `language-model --json` prints of the model trained under this run."""
    metrics: dict[str, float] = {}
    for each in tracking.descendants(run.root_id):
        metrics |= each.data.metrics
    names = ("epochs", "vocabulary", "documents", "parameters")
    return {
        "run_id": run.run_id,
        "directions": list(settings.directions),
        **{name: int(metrics[name]) for name in names},
        "train_loss": metrics["train/loss"],
        "validation_loss": metrics["validation/log_loss"],
        "perplexity": metrics["validation/perplexity"],
        "tokens_per_second": metrics["tokens_per_second"],
        "model": str(model),
        "digest": model.name,
    }
