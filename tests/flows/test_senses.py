"""The senses of a word by the vectors of the shared small retraining."""

from typing import Any

import pytest

from tasks import tracking
from tasks.queries import word_vectors


def test_the_senses_of_a_word_come_from_the_text_of_a_retraining(retrained: dict[str, Any]) -> None:
    from flows.senses import SensesRequest, learn_senses

    request = SensesRequest(word="fire", run_id=retrained["run_id"], architecture="cbow", neighbours=3)
    result = learn_senses(request)
    assert [sense["name"] for sense in result["senses"]] == ["fire/1", "fire/2"]
    assert sum(sense["share"] for sense in result["senses"]) == pytest.approx(1)
    assert all(len(sense["neighbours"]) == 3 and sense["examples"] for sense in result["senses"])
    run = tracking.read_run(result["run_id"])
    training = word_vectors.find_training(retrained["run_id"], "cbow")
    assert (run.info.status, run.data.tags["vectors_run_id"]) == ("FINISHED", training.info.run_id)
    again = learn_senses(request.model_copy(update={"context": "the fire came before the flood"}))
    assert tracking.step_outcomes(again["run_id"]) == {"run": 0, "cached": 1}
    assert sum(sense["probability"] for sense in again["senses"]) == pytest.approx(1)


def test_a_word_without_a_vector_is_refused_before_anything_is_computed(retrained: dict[str, Any]) -> None:
    from flows.senses import SensesRequest, learn_senses

    with pytest.raises(ValueError, match="'firre' has no vector; close words that have one: fire"):
        learn_senses(SensesRequest(word="firre", run_id=retrained["run_id"]))
