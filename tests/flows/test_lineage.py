"""Lineage after a real retraining: back from the champion to the bytes, forward from the bytes to every model."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks import lineage, registry, tracking
from tasks.evaluation import comparison, comparison_page
from tasks.lineage.page import lineage_page
from tasks.runtime import state_folder


@pytest.fixture(scope="module")
def champion(retrained: dict[str, Any]) -> lineage.Lineage:
    return lineage.trace("@champion")


@pytest.fixture(scope="module")
def checksum(retrained: dict[str, Any]) -> str:
    return hashlib.sha256(Path(retrained["request"].tweets.source).read_bytes()).hexdigest()


def test_a_model_leads_back_to_its_raw_bytes(champion: lineage.Lineage, checksum: str) -> None:
    files = {file["sha256"]: file["name"] for source in champion.sources for file in source["files"]}
    assert files[checksum] == "tweets.csv"
    assert champion.sources[0]["fetched"][0]["time"]


def test_every_step_comes_after_those_that_made_its_inputs(champion: lineage.Lineage) -> None:
    made: set[str] = set()
    for step in champion.graph.steps:
        assert all(artifact in made or artifact.startswith("raw/") for artifact in step.sources)
        made.add(step.output)
    judged, refit = champion.target.artifacts
    assert judged == registry.champion().tags["artifact"]  # type: ignore[union-attr]
    assert refit.startswith("refit/")
    assert {judged, refit} <= made


def test_rows_settings_code_and_runs_are_told(champion: lineage.Lineage, retrained: dict[str, Any]) -> None:
    summary = json.loads(json.dumps(champion.summary()))
    (tweets,) = (table for table in summary["tables"] if table["artifact"].startswith("tweets/"))
    assert tweets["kept"] == retrained["data"]["kept"]
    assert sum(tweets["splits"].values()) == tweets["kept"]
    assert summary["root_run_id"] == retrained["run_id"]
    assert len(summary["code"]["code_digest"]) == 32
    steps = {step["function"]: step for step in summary["steps"]}
    assert steps["check_tweets"]["settings"]["split.test_share"] == "0.2"
    assert all(tracking.read_run(step["run_id"]).data.tags["output"] == step["output"] for step in summary["steps"])


def test_only_what_led_to_the_model_is_shown(champion: lineage.Lineage) -> None:
    assert [model["artifact"] for model in champion.models] == [champion.target.artifacts[0]]
    assert champion.models[0]["registered"] == [{"name": "crisisflow", "version": "1", "aliases": ["champion"]}]


@pytest.mark.parametrize("by", ["path", "checksum"])
def test_a_raw_file_leads_to_every_model_it_touched(retrained: dict[str, Any], checksum: str, by: str) -> None:
    found = lineage.trace(checksum if by == "checksum" else retrained["request"].tweets.source)
    assert {model["model"] for model in found.models} == {model["name"] for model in retrained["models"]}
    assert [each["aliases"] for model in found.models for each in model["registered"]] == [["champion"]]


def test_a_file_that_touched_no_model_says_so(retrained: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "unread.csv").write_text("id,text\n")
    with pytest.raises(ValueError, match=r"unread\.csv was never read"):
        lineage.trace(str(tmp_path / "unread.csv"))


def test_versions_runs_and_artifacts_are_found_too(retrained: dict[str, Any], champion: lineage.Lineage) -> None:
    artifact, _ = champion.target.artifacts
    folder = state_folder.state_home() / "store" / artifact
    for reference in ("crisisflow/1", "models:/crisisflow/1", champion.models[0]["run_id"], str(folder)):
        assert artifact in {step.output for step in lineage.trace(reference).graph.steps}
    assert len(lineage.trace(retrained["run_id"]).models) == len(retrained["models"])
    with pytest.raises(ValueError, match=r"no model crisisflow/99; registered: crisisflow/1"):
        lineage.trace("crisisflow/99")


def test_a_cache_that_was_emptied_loses_no_lineage(
    retrained: dict[str, Any], champion: lineage.Lineage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.tracking.steps.records", lambda: iter(()))
    assert lineage.trace(retrained["request"].tweets.source).models
    assert lineage.trace("@champion").graph == champion.graph


def test_the_page_is_whole_and_lies_with_the_retraining(retrained: dict[str, Any]) -> None:
    names = {entry.path for entry in tracking.client().list_artifacts(retrained["run_id"])}
    assert {"lineage.html", "lineage.json"} <= names
    page = lineage_page(lineage.trace(retrained["run_id"]))
    assert all(model["name"] in page for model in retrained["models"])
    assert '<svg class="graph"' in page
    assert "<script" not in page
    assert "default-src 'none'" in page


def test_what_strangers_wrote_is_text_on_every_page(retrained: dict[str, Any]) -> None:
    """Names of files, addresses and models come from outside."""
    attack = "<script>alert(1)</script>"
    found = lineage.trace(retrained["run_id"])
    found.sources[0]["files"][0]["name"] = attack
    found.sources[0]["fetched"][0]["source"] = f"https://example.org/{attack}"
    found.models[0]["model"] = attack
    rows = [replace(row, name=attack, run_id=attack) for row in comparison.model_rows(retrained["run_id"])]
    for page in (lineage_page(found), comparison_page.comparison_page(rows)):
        assert "<script" not in page
        assert "&lt;script&gt;" in page
