"""Lineage as a picture: a box for every artifact, said in words, from the raw files down to the models."""

from collections import defaultdict

from tasks.html.graph_drawing import Box, Drawing, draw
from tasks.html.numbers import count, count_of
from tasks.lineage.tracing import Lineage
from tasks.tracking.steps import Step

MOST_BOXES = 60
DIGEST_CHARACTERS = 12
SAID = {"tweets": "Checked tweets", "corpus": "Checked text", "raw": "Raw file"}
SHORT = {"train": "train", "validation": "val", "test": "test"}
# What is said of an artifact, by the metric of its step.
FIGURES = {
    "tokens": "{:,.0f} tokens",
    "vocabulary": "{:,.0f} words",
    "features": "{:,.0f} features",
    "test/f1": "test F1 {:.3f}",
}


def picture(lineage: Lineage) -> Drawing | str:
    """The graph, steps of one kind from the same inputs in one box; or a sentence that says why there is none."""
    groups = _grouped(lineage.graph.steps)
    home = {step.output: steps[0].output for steps in groups for step in steps}
    parents: dict[str, list[str]] = {artifact: [] for artifact in lineage.graph.artifacts if artifact not in home}
    boxes = {artifact: _given_box(artifact, lineage) for artifact in parents}
    for steps in groups:
        name = steps[0].output
        parents[name] = list(dict.fromkeys(home.get(artifact, artifact) for artifact in steps[0].sources))
        boxes[name] = _made_box(steps, lineage)
    if not parents:
        return "Not used yet."
    if len(parents) > MOST_BOXES:
        return f"{count(len(parents))} boxes are too many for a picture: see the tables."
    return draw(boxes, parents)


def _grouped(steps: tuple[Step, ...]) -> list[list[Step]]:
    """Steps by function and inputs."""
    groups: dict[tuple[str, tuple[str, ...]], list[Step]] = defaultdict(list)
    for step in steps:
        groups[step.function, tuple(sorted(step.sources))].append(step)
    return list(groups.values())


def _given_box(artifact: str, lineage: Lineage) -> Box:
    """A raw file, or whatever else was there before."""
    kind, _, digest = artifact.partition("/")
    source = next((each for each in lineage.sources if each["artifact"] == artifact), None)
    if source is None or not source["files"]:
        return Box(SAID.get(kind, kind), (), digest[:DIGEST_CHARACTERS], kind)
    files, fetched = source["files"], source["fetched"]
    folder = fetched[0]["source"].rstrip("/").rpartition("/")[2] if fetched else kind
    name = files[0]["name"] if len(files) == 1 else f"{folder}: {count_of(len(files), 'file')}"
    size = f"{count(sum(file['bytes'] for file in files))} bytes"
    when = f", {fetched[0]['time'][:10]}" if fetched else ""
    small = f"sha256 {files[0]['sha256'][:DIGEST_CHARACTERS]}" if len(files) == 1 else digest[:DIGEST_CHARACTERS]
    return Box(name, (f"{size}{when}",), small, "raw", fetched[0]["source"] if fetched else artifact)


def _made_box(steps: list[Step], lineage: Lineage) -> Box:
    first = steps[0]
    kind, _, digest = first.output.partition("/")
    hover = "\n".join(f"{step.title}: {step.output}, run {step.run_id}" for step in steps)
    if kind == "model":
        return _model_box(steps, lineage, hover)
    facts = [form.format(first.metrics[name]) for name, form in FIGURES.items() if name in first.metrics]
    for found in lineage.tables:
        if found["artifact"] == first.output and found["path"]:
            facts = [f"{count(found['kept'])} of {count_of(found['read'], 'row')} kept"]
            if found["splits"]:
                facts.append(" · ".join(f"{count(rows)} {SHORT[split]}" for split, rows in found["splits"].items()))
    return Box(
        SAID.get(kind, kind.capitalize()),
        (first.title, *facts),
        digest[:DIGEST_CHARACTERS],
        kind,
        hover,
    )


def _model_box(steps: list[Step], lineage: Lineage, hover: str) -> Box:
    by_artifact = {model["artifact"]: model for model in lineage.models}
    models = [by_artifact[step.output] for step in steps]
    versions = [
        f"version {each['version']}{''.join(f' @{alias}' for alias in each['aliases'])}"
        for model in models
        for each in model["registered"]
    ]
    scores = [
        f"{model['model']}  {model['test_f1']:.3f}" if model["test_f1"] is not None else model["model"]
        for model in models
    ]
    asked = any(step.output in lineage.target.artifacts for step in steps) and len(lineage.target.artifacts) == 1
    kind = "model asked" if asked or versions else "model"
    if len(models) == 1:
        lines = (*(f"test F1 {model['test_f1']:.3f}" for model in models if model["test_f1"] is not None), *versions)
        return Box(models[0]["model"], lines, steps[0].output.partition("/")[2][:DIGEST_CHARACTERS], kind, hover)
    return Box(f"{len(models)} models, test F1", (*scores, *versions), "", kind, hover)
