"""The example notebook, its cells run one after the other as a notebook runs them."""

import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).parents[2] / "docs" / "examples" / "champion.ipynb"
CELLS = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]


@pytest.fixture(scope="module")
def namespace(retrained: dict[str, Any]) -> dict[str, Any]:
    """All names that the cells leave behind."""
    names: dict[str, Any] = {}
    # MLflow writes the address that the notebook gives it into the environment, where it would outlive this test.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", "")
        patch.delenv("MLFLOW_TRACKING_URI")
        for number, cell in enumerate(CELLS):
            if cell["cell_type"] == "code":
                exec(compile("".join(cell["source"]), f"cell {number}", "exec"), names)
    return names


def test_it_scores_a_frame_row_by_row(namespace: dict[str, Any]) -> None:
    scored = namespace["scored"]
    assert list(scored.columns) == ["text", "probability", "label"]
    assert scored["probability"].between(0, 1).all()


def test_it_explains_every_word_and_shows_vectors(namespace: dict[str, Any]) -> None:
    assert list(namespace["words"]["word"]) == ["forest", "fire", "near", "la", "ronge"]
    assert len(namespace["neighbours"]) == 5
    assert "fire" in namespace["table"].index


def test_it_lists_the_models_of_the_latest_retraining(namespace: dict[str, Any], retrained: dict[str, Any]) -> None:
    assert namespace["latest"] == retrained["run_id"]
    assert set(namespace["models"]["tags.model"]) == {each["name"] for each in retrained["models"]}


def test_it_is_kept_without_outputs() -> None:
    assert [cell for cell in CELLS if cell.get("outputs") or cell.get("execution_count")] == []
