"""Lineage as a page: the picture first, then where every byte, row, setting and line of code came from."""

from typing import Any

from tasks.html.elements import code, count, escape, section, table
from tasks.html.page import page
from tasks.lineage.picture import picture
from tasks.lineage.tracing import Lineage
from tasks.tracking.steps import Step


def lineage_page(lineage: Lineage) -> str:
    """The whole page."""
    direction = "What became of it." if lineage.target.forward else "Where it came from, back to the raw bytes."
    return page(
        f"Lineage: {lineage.target.title}",
        direction,
        picture(lineage),
        _sources(lineage.sources),
        _tables(lineage.tables),
        _models(lineage.models),
        _steps(lineage.graph.steps),
        _code(lineage.code),
    )


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
