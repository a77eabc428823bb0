"""Language models on the command line: trained by one, texts written by the other, and replayed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from models.language.settings import LanguageSettings
from tasks import tracking
from tasks.queries import trainings
from tasks.queries.text_generation import find_language_model, generate_texts, read_sampler

SETTINGS = LanguageSettings(dimensions=8, units=8, epochs=2, min_count=1, validation_share=0.2, batch_size=16)


@pytest.fixture(scope="module")
def trained(inputs: dict[str, Any], prefect: None) -> dict[str, Any]:
    """What `language-model --json` prints of a small corpus and of tweets."""
    from flows.ingest import TweetSource
    from flows.language import language_model

    return language_model([str(inputs["corpus"])], TweetSource(source=str(inputs["tweets"])), SETTINGS, 1)


def crisisflow(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "flows", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_training_leaves_curves_samples_and_a_model_on_its_run(trained: dict[str, Any]) -> None:
    run = find_language_model(trained["run_id"])
    assert run.data.metrics["validation/perplexity"] == trained["perplexity"] > 1
    assert run.data.params["settings.units"] == "8"
    client = tracking.client()
    assert len(client.get_metric_history(run.info.run_id, "train/loss")) == trained["epochs"] == 2
    logged = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert {"samples.json", "output"} <= logged
    assert "figures/learning-curves.png" in {file.path for file in client.list_artifacts(run.info.run_id, "figures")}
    samples = json.loads(Path(client.download_artifacts(run.info.run_id, "samples.json")).read_text())
    assert samples["columns"] == ["epoch", "temperature", "text"]
    assert {row[0] for row in samples["data"]} == {0, 1}
    assert str(trainings.artifact_of(run, "crisisflow language-model")) == trained["model"]


def test_test_rows_of_tweets_are_never_read(trained: dict[str, Any], inputs: dict[str, Any]) -> None:
    run = find_language_model(trained["run_id"])
    read = run.data.metrics["documents"] + run.data.metrics["held_out_documents"]
    assert read < 240 + 200  # all tweets and all lines of the corpus
    _, words, _ = read_sampler(trainings.artifact_of(run, "crisisflow language-model"))
    tweets = {line.split(",")[1].split()[-2] for line in inputs["tweets"].read_text().splitlines()[1:]}
    unseen = tweets - set(words.tokens.to_pylist())
    assert 0.2 < len(unseen) / len(tweets) < 0.6  # each tweet has a word of its own: those of other splits are unknown


def test_texts_begin_with_the_prompt_and_repeat_with_the_seed(trained: dict[str, Any]) -> None:
    one = generate_texts(trained["run_id"], "FIRE near the zzyzx", 3, 1, 1.0, None, 8)
    assert all(text.startswith("fire near the zzyzx") for text in one["texts"])
    assert all(len(text.split()) <= 4 + 8 for text in one["texts"])
    assert one["unknown"] == ["zzyzx"]
    assert not any("<unk>" in text or "<pad>" in text for text in one["texts"])
    assert one == generate_texts(trained["run_id"], "FIRE near the zzyzx", 3, 1, 1.0, None, 8)
    assert one["texts"] != generate_texts(trained["run_id"], "FIRE near the zzyzx", 3, 2, 1.0, None, 8)["texts"]


def test_the_command_writes_what_the_function_does_and_refuses_runs_without_a_model(trained: dict[str, Any]) -> None:
    done = crisisflow("generate", "flood", "--run", trained["run_id"], "-n", 2, "--top-k", 5, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == generate_texts(trained["run_id"], "flood", 2, 1, 0.8, 5, 30)
    none = crisisflow("generate", "--run", "0" * 32)
    assert none.returncode == 2
    assert "Error" in none.stderr


def test_asked_again_the_model_is_reused(trained: dict[str, Any], inputs: dict[str, Any]) -> None:
    from flows.ingest import TweetSource
    from flows.language import language_model

    again = language_model([str(inputs["corpus"])], TweetSource(source=str(inputs["tweets"])), SETTINGS, 1)
    assert again["digest"] == trained["digest"]
    assert tracking.step_outcomes(again["run_id"])["run"] == 0
    assert find_language_model(again["run_id"]).data.tags["reused_from"]
