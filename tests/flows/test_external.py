"""External vectors through the main job: what is trained on them, what is said of them, and the same again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.settings import EmbeddingSettings
from tasks import tracking
from tasks.replay.requests import pinned
from tasks.replay.rerunning import link_inputs
from tasks.replay.trees import compare, leaves, steps_of
from tasks.runtime import state_folder
from tasks.store import formats
from tasks.tracking.requests import FILE, Request

RECIPE = """
name = "external"
vocabulary = { min_count = 1 }
frequency = { min_document_frequency = 1 }
cooccurrence = { min_count = 1, dimensions = 8 }
external = { max_vocabulary = 2 }
embeddings = [{ architecture = "skip-gram", dimensions = 4, min_count = 1, epochs = 1, start = "external" }]
classifiers = [
  { kind = "feed-forward", features = "external", units = 4, epochs = 1 },
  { kind = "feed-forward", features = "external-skip-gram", units = 4, epochs = 1 },
]
"""
KNOWN = ["Tsunami", "avalanche", "Fire", "near", "the", "water"]  # the first two are not among the tweets


def write_glove(path: Path, words: list[str] = KNOWN, scale: float = 1.0) -> Path:
    numbers = np.random.default_rng(0).normal(size=(len(words), 4)) * scale
    path.write_text("".join(f"{word} {' '.join(map(str, row))}\n" for word, row in zip(words, numbers, strict=True)))
    return path


@pytest.fixture(scope="module")
def given(
    inputs: dict[str, Any], prefect: None, blank_figures: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """A retraining from a GloVe file of six words and absurd scale, which is gone afterwards.

    In a state folder of its own: others count what their retraining computed and what its tweets led to. Of the
    recipe's models only those of the file are trained.
    """
    from flows import classify
    from flows import retrain as module
    from flows.ingest import TweetSource
    from flows.retrain import RetrainRequest, retrain

    def of_the_file(*arguments: Any) -> dict[str, Path]:
        tweets, features, vectors, recipe, run, _, pretrained = arguments
        names = [name for name in classify.model_names(recipe) if "external" in name]
        return classify.classify(tweets, features, vectors, recipe, run, names, pretrained)

    folder = tmp_path_factory.mktemp("external")
    (folder / "external.toml").write_text(RECIPE)
    request = RetrainRequest(
        tweets=TweetSource(source=str(inputs["tweets"])),
        recipe=str(folder / "external.toml"),
        vectors=str(write_glove(folder / "glove.txt", scale=1e6)),
        promote=False,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRISISFLOW_HOME", str(folder / "state"))
        patch.setattr(module, "classify", of_the_file)
        result = retrain(request)
        (folder / "glove.txt").unlink()
        yield {**result, "request": request}


def stages(given: dict[str, Any]) -> dict[str, Any]:
    return {run.data.tags["stage"]: run for run in tracking.descendants(given["run_id"])}


def artifact(run: Any) -> Path:
    return state_folder.state_home() / "store" / str(run.data.tags["output"])


def test_models_start_from_them_alone_and_beside_ours(given: dict[str, Any]) -> None:
    names = {model["name"] for model in given["models"]}
    assert names >= {"logistic/external", "feed-forward/external", "feed-forward/external-skip-gram"}
    assert formats.read_vectors(artifact(stages(given)["concatenate_vectors"])).width == 8


def test_coverage_is_logged_and_wild_vectors_are_scaled(given: dict[str, Any]) -> None:
    matched = stages(given)["match_external_vectors"]
    assert matched.data.metrics["coverage/words_with_case_folded"] > 0
    assert 0 < matched.data.metrics["coverage/words"] < matched.data.metrics["coverage/occurrences"] < 1
    assert "of all occurrences; none has" in matched.data.tags["coverage"]
    assert "scaled to 1" in matched.data.tags["start_vectors"]
    vectors = formats.read_vectors(artifact(matched))
    assert vectors.tokens.to_pylist() == ["tsunami", "avalanche", "fire", "near", "the", "water"]
    assert np.median(np.linalg.norm(vectors.vectors, axis=1)) == pytest.approx(1)


def test_a_training_of_vectors_goes_on_from_them(given: dict[str, Any]) -> None:
    training = stages(given)["train_vectors"]
    assert training.data.metrics["coverage/words"] > 0
    trained, start = (
        formats.read_vectors(artifact(stages(given)[name])) for name in ("train_vectors", "match_external_vectors")
    )
    assert "tsunami" not in trained
    cosine = float(trained.directions[trained.rows["fire"]] @ start.directions[start.rows["fire"]])
    assert cosine > 0.8  # one epoch over 240 tweets has not moved it far


def test_the_file_is_an_input_by_content(given: dict[str, Any]) -> None:
    read = leaves(given["run_id"])
    (snapshot,) = read["read_external_vectors", "snapshot"]
    assert (state_folder.state_home() / "store" / snapshot / "files" / "glove.txt").is_file()


def test_a_replay_of_a_training_that_went_on_from_a_file_needs_the_file_no_more(
    inputs: dict[str, Any], prefect: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.embed import embed_corpora
    from flows.rerun import run_flow

    settings = EmbeddingSettings(dimensions=4, min_count=1, epochs=1)
    file = write_glove(tmp_path / "glove.txt")
    run_id = embed_corpora([str(inputs["corpus"])], settings, 1, None, None, str(file))["run_id"]
    file.unlink()
    recorded, read, other = steps_of(run_id), leaves(run_id), tmp_path / "other"
    link_inputs([name for names in read.values() for name in names], other, "")
    paths = {key: [str(other / "store" / name) for name in names] for key, names in read.items()}
    asked = Request.read(Path(tracking.client().download_artifacts(run_id, FILE, str(tmp_path))))
    monkeypatch.setenv("CRISISFLOW_HOME", str(other))
    again = run_flow(pinned(asked, paths, tmp_path))
    compared = compare(recorded, steps_of(again["run_id"]))
    assert {each.name for each in compared} >= {"read external vectors", "train skip-gram vectors"}
    assert [each.name for each in compared if not each.identical] == []


def test_a_recipe_that_starts_from_vectors_is_refused_without_them(given: dict[str, Any]) -> None:
    from flows.retrain import retrain

    with pytest.raises(ValueError, match="recipe external starts skip-gram vectors from external ones: give --vectors"):
        retrain(given["request"].model_copy(update={"vectors": None}))


def test_models_of_external_vectors_are_left_out_where_none_are_given() -> None:
    from flows.evaluate import chosen_models
    from tasks.recipes import load_recipe

    recipe = load_recipe("standard", None)
    assert not [name for name in chosen_models(recipe, ()) if "external" in name]
    assert "lstm/external-skip-gram" in chosen_models(recipe, (), external=True)
    with pytest.raises(ValueError, match="has no model lstm/external"):
        chosen_models(recipe, ("lstm/external",))
