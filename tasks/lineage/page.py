"""Lineage as a page: the picture first, then where every byte, row, setting and line of code came from."""

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from tasks.lineage.steps import Step
from tasks.reports.diagram import Box, diagram
from tasks.reports.markup import code, count, escape, section, table
from tasks.reports.page import page

if TYPE_CHECKING:
    from tasks.lineage import Lineage

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


def lineage_page(lineage: "Lineage") -> str:
    """The whole page."""
    direction = "What became of it." if lineage.target.forward else "Where it came from, back to the raw bytes."
    return page(
        f"Lineage: {lineage.target.title}",
        direction,
        _picture(lineage),
        _sources(lineage.sources),
        _tables(lineage.tables),
        _models(lineage.models),
        _steps(lineage.graph.steps),
        _code(lineage.code),
    )


def _picture(lineage: "Lineage") -> str:
    """The graph; steps of one kind from the same inputs share a box."""
    groups = _grouped(lineage.graph.steps)
    home = {step.output: steps[0].output for steps in groups for step in steps}
    parents: dict[str, list[str]] = {artifact: [] for artifact in lineage.graph.artifacts if artifact not in home}
    boxes = {artifact: _given_box(artifact, lineage) for artifact in parents}
    for steps in groups:
        name = steps[0].output
        parents[name] = list(dict.fromkeys(home.get(artifact, artifact) for artifact in steps[0].sources))
        boxes[name] = _made_box(steps, lineage)
    if not parents or len(parents) > MOST_BOXES:
        lead = (
            f"{count(len(parents))} boxes are too many for a picture: see the tables." if parents else "Not used yet."
        )
        return f"<section><h2>Picture</h2><p class='lead'>{lead}</p></section>"
    lead = "From top to bottom. Each box is an artifact, named by the digest of its content, and how it was made."
    return section("Picture", lead, f"<div class='scroll'>{diagram(boxes, parents, lineage.target.title)}</div>")


def _grouped(steps: tuple[Step, ...]) -> list[list[Step]]:
    """Steps by function and inputs."""
    groups: dict[tuple[str, tuple[str, ...]], list[Step]] = defaultdict(list)
    for step in steps:
        groups[step.function, tuple(sorted(step.sources))].append(step)
    return list(groups.values())


def _given_box(artifact: str, lineage: "Lineage") -> Box:
    """A raw file, or whatever else was there before."""
    kind, _, digest = artifact.partition("/")
    source = next((each for each in lineage.sources if each["artifact"] == artifact), None)
    if source is None or not source["files"]:
        return Box(SAID.get(kind, kind), (), digest[:DIGEST_CHARACTERS], kind)
    files, fetched = source["files"], source["fetched"]
    folder = fetched[0]["source"].rstrip("/").rpartition("/")[2] if fetched else kind
    name = files[0]["name"] if len(files) == 1 else f"{folder}: {count(len(files))} files"
    size = f"{count(sum(file['bytes'] for file in files))} bytes"
    when = f", {fetched[0]['time'][:10]}" if fetched else ""
    small = f"sha256 {files[0]['sha256'][:DIGEST_CHARACTERS]}" if len(files) == 1 else digest[:DIGEST_CHARACTERS]
    return Box(name, (f"{size}{when}",), small, "raw", fetched[0]["source"] if fetched else artifact)


def _made_box(steps: list[Step], lineage: "Lineage") -> Box:
    first = steps[0]
    kind, _, digest = first.output.partition("/")
    hover = "\n".join(f"{step.title}: {step.output}, run {step.run_id}" for step in steps)
    if kind == "model":
        return _model_box(steps, lineage, hover)
    facts = [form.format(first.metrics[name]) for name, form in FIGURES.items() if name in first.metrics]
    for found in lineage.tables:
        if found["artifact"] == first.output and found["path"]:
            facts = [f"{count(found['kept'])} of {count(found['read'])} rows kept"]
            if found["splits"]:
                facts.append(" · ".join(f"{count(rows)} {SHORT[split]}" for split, rows in found["splits"].items()))
    return Box(
        SAID.get(kind, kind.capitalize()),
        (first.title, *facts),
        digest[:DIGEST_CHARACTERS],
        kind,
        hover,
    )


def _model_box(steps: list[Step], lineage: "Lineage", hover: str) -> Box:
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


def _sources(sources: list[dict[str, Any]]) -> str:
    rows = []
    for source in sources:
        places = "<br>".join(escape(f"{line['source']}, {line['time']}") for line in source["fetched"][:3])
        for file in source["files"]:
            rows.append([escape(file["name"]), f"{code(file['sha256'])}<br>{places}", count(file["bytes"])])
    lead = "The bytes as they were received, by their SHA-256, and where and when they were received first."
    return section("Raw bytes", lead, table(["file", "SHA-256, from where and when", "bytes"], rows, 1) if rows else "")


def _tables(tables: list[dict[str, Any]]) -> str:
    rows = [
        [
            f"{code(each['artifact'])}<br>{escape(each['path'])}{_retried(each)}",
            *(count(each[name]) for name in ("read", "kept", "quarantined")),
            "<br>".join(f"{split} {count(rows)}" for split, rows in each["splits"].items()),
        ]
        for each in tables
        if each["path"]
    ]
    lead = (
        "Every row that was read is kept, with its file and row number, or quarantined. Training rows are those of the "
        "split train."
    )
    return section("Rows", lead, table(["table", "read", "kept", "quarantined", "splits"], rows, 4) if rows else "")


def _retried(each: dict[str, Any]) -> str:
    retry = each.get("retry")
    return f"<br>retried from {code('tweets/' + retry['table'])}" if retry else ""


def _models(models: list[dict[str, Any]]) -> str:
    rows = [
        [
            f"{escape(model['model'])}<br>{code(model['artifact'])}",
            code(model["run_id"]),
            "<br>".join(
                escape(" ".join([f"{each['name']}/{each['version']}", *(f"@{alias}" for alias in each["aliases"])]))
                for each in model["registered"]
            ),
            f"{model['test_f1']:.3f}" if model["test_f1"] is not None else "",
        ]
        for model in models
    ]
    return section(
        "Models", "Every model above.", table(["model", "run", "registered", "test F1"], rows, 1) if rows else ""
    )


def _steps(steps: tuple[Step, ...]) -> str:
    body = "".join(_step(step) for step in steps)
    return section("Steps and settings", "In the order of the data. Open a step for its inputs and settings.", body)


def _step(step: Step) -> str:
    inputs = "".join(f"<p>{escape(name)}: {code(artifact)}</p>" for name, artifact in step.inputs)
    settings = [[escape(name), code(str(value))] for name, value in step.settings.items()]
    reused = f", reused from run {code(step.tags['reused_from'])}" if "reused_from" in step.tags else ""
    return (
        f"<details><summary><em>{escape(step.title)}</em><span>{escape(step.output)}</span></summary>"
        f"<p>Run {code(step.run_id)}{reused}</p><blockquote>{inputs}</blockquote>"
        f"{table(['setting', 'value'], settings) if settings else ''}</details>"
    )


def _code(facts: dict[str, str]) -> str:
    rows = [[escape(name.replace("_", " ").replace(".", " ")), code(value)] for name, value in facts.items()]
    return section("Code", "What computed it, and where.", table(["what", "value"], rows) if rows else "")
