"""Writes docs/reference/ and the picture of the layers from the code; `--check` only compares, and fails.

Commands and options come from the command line itself, settings from their classes, the rest from the source text.
What each of the rest means stands in `reference.toml`.
"""

import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, get_args

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]

import code_reading  # noqa: E402
from layers_picture import layers_picture  # noqa: E402
from settings_page import settings_page  # noqa: E402

FOLDER = Path(__file__).parent
TEXTS = tomllib.loads((Path(__file__).parent / "reference.toml").read_text(encoding="utf-8"))
NOT_DESCRIBED = "(not described yet)"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """The lines of a Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines]


def meaning(section: str, name: str) -> str:
    """What reference.toml says of this name, or that it says nothing."""
    return str(TEXTS[section].get(name, NOT_DESCRIBED))


def not_described() -> list[str]:
    """What the code has and reference.toml does not explain, as `section.name`."""
    return [f"{section}.{name}" for section, names in _names().items() for name in names if name not in TEXTS[section]]


def unused() -> list[str]:
    """What reference.toml explains and the code no longer has, as `section.name`."""
    known = _names()
    known["environment"] = [*known["environment"], *TEXTS["environment"]]  # libraries read some of them, our code none
    known["metrics"] = [*known["metrics"], *TEXTS["computed"]["metrics"]]
    return [f"{part}.{name}" for part, names in known.items() for name in TEXTS[part] if name not in names]


@cache
def missing_places() -> dict[str, str]:
    """The functions and classes that reference.toml names and the code does not have, with what to do about each."""
    found = {}
    for place in (each.rpartition(" ")[2] for places in TEXTS["json"].values() for each in places if "::" in each):
        try:
            code_reading.definition(place)
        except LookupError as error:
            found[place] = str(error)
    return found


def _names() -> dict[str, list[str]]:
    keys = {key.rpartition(".")[2] for places in TEXTS["json"].values() for key in _json_keys(places)}
    return {
        "keys": sorted(keys),
        "metrics": code_reading.recorded_metrics(),
        "artifacts": code_reading.recorded_artifacts(),
        "tags": code_reading.recorded_tags(),
        "environment": code_reading.own_variables(),
    }


def _json_keys(places: list[str]) -> list[str]:
    """The keys of all these functions and classes, and those that stand in plain.

    `data. file.py::function` puts the keys of the function below `data.`.
    """
    found: list[str] = []
    for each in places:
        prefix, _, place = each.rpartition(" ")
        if place not in missing_places():
            found += [f"{prefix}{key}" for key in (code_reading.result_keys(place) if "::" in place else [place])]
    return list(dict.fromkeys(found))


def commands() -> Iterator[tuple[str, Any]]:
    """Every command that `--help` shows, by its whole name, those of groups included, in that order."""
    import typer

    from flows.cli import app

    def below(group: Any, name: str) -> Iterator[tuple[str, Any]]:
        for called, each in group.commands.items():
            if each.hidden:
                continue
            yield from below(each, f"{name} {called}") if hasattr(each, "commands") else [(f"{name} {called}", each)]

    yield from below(typer.main.get_command(app), "crisisflow")


def commands_page() -> list[str]:
    """Every command with its arguments and options."""
    lines = ["# Commands", "", *_paragraphs("commands")]
    for name, command in commands():
        text, _, example = (command.help or "").partition("Example:")
        lines += ["", f"## {name}", "", *(line.strip() for line in text.strip().splitlines())]
        if example:
            lines += ["", "```", example.strip(), "```"]
        lines += ["", *table(("argument or option", "meaning", "default"), [_parameter(p) for p in command.params])]
    return lines


def _parameter(parameter: Any) -> tuple[str, str, str]:
    argument = getattr(parameter, "param_type_name", "") == "argument"
    names = [parameter.metavar or parameter.name.upper()] if argument else [*parameter.opts, *parameter.secondary_opts]
    shown = ", ".join(f"`{name}`" for name in names)
    value = parameter.metavar if parameter.metavar and not argument else ""
    text = [(getattr(parameter, "help", "") or "").strip()]
    if choices := _choices(parameter):
        text.append(f"One of {', '.join(f'`{each}`' for each in choices)}.")
    if parameter.envvar:
        text.append(f"Environment: `{parameter.envvar}`.")
    return f"{shown} {value}".strip().replace("<", "&lt;"), " ".join(filter(None, text)), _default(parameter)


def _choices(parameter: Any) -> list[str]:
    """The values of the parameter's enumeration, where it has one; None beside it does not count."""
    annotation = getattr(getattr(parameter, "type_descriptor", None), "annotation", None)
    kinds = [each for each in (annotation, *get_args(annotation)) if isinstance(each, type) and issubclass(each, Enum)]
    return [str(each.value) for kind in kinds for each in kind]


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    if isinstance(parameter.show_default, str):
        return parameter.show_default
    value = _plain(parameter.default)
    return "" if value in (None, False, "", ()) else f"`{value}`"


def _plain(value: Any) -> Any:
    return getattr(value, "value", value)


def _paragraphs(page: str) -> list[str]:
    return str(TEXTS["pages"][page]).strip().splitlines()


def json_page() -> list[str]:
    """The keys of the object that each command prints with --json."""
    lines = ["# `--json` keys", "", *_paragraphs("json")]
    named = [name for name, command in commands() if any("--json" in each.opts for each in command.params)]
    for name in named:
        places = TEXTS["json"].get(name.removeprefix("crisisflow "))
        lines += ["", f"## {name}", ""]
        if places is None:
            lines.append(NOT_DESCRIBED)
            continue
        rows = [(f"`{key}`", meaning("keys", key.rpartition(".")[2])) for key in _json_keys(places)]
        lines += table(("key", "meaning"), rows)
    return lines


def records_page() -> list[str]:
    """The metrics, artifacts and tags of runs."""
    from models.metrics.scores import METRICS

    computed = TEXTS["computed"]["metrics"]
    scores = [(f"`<split>/{name}`", computed[name]) for name in METRICS]
    others = [(f"`{name}`", text) for name, text in computed.items() if name not in METRICS]
    plain = [(f"`{name}`", meaning("metrics", name)) for name in code_reading.recorded_metrics()]
    lines = ["# What a run records", "", *_paragraphs("records"), "", "## Metrics", ""]
    lines += table(("metric", "meaning"), [*scores, *others, *plain])
    for section, names in (("artifacts", code_reading.recorded_artifacts()), ("tags", code_reading.recorded_tags())):
        rows = [(f"`{name}`", meaning(section, name)) for name in names]
        lines += ["", f"## {section.capitalize()}", "", *table((section[:-1], "meaning"), rows)]
    return lines


def environment_page() -> list[str]:
    """The environment variables that are read, and those that are set where the user has not."""
    from tasks.runtime.environment import defaults

    names = [
        *TEXTS["environment"],
        *(each for each in code_reading.own_variables() if each not in TEXTS["environment"]),
    ]
    set_by_us = defaults(Path("STATE_FOLDER"))
    lines = ["# Environment variables", "", *_paragraphs("environment"), ""]
    lines += table(("variable", "meaning"), [(f"`{name}`", meaning("environment", name)) for name in names])
    lines += ["", "## Set by crisisflow unless you set them", "", *_paragraphs("defaults"), ""]
    return lines + table(("variable", "value"), [(f"`{name}`", f"`{value}`") for name, value in set_by_us.items()])


PAGES: Mapping[str, Callable[[], list[str]]] = {
    "commands.md": commands_page,
    "json.md": json_page,
    "settings.md": lambda: settings_page(table, _paragraphs("settings")),
    "records.md": records_page,
    "environment.md": environment_page,
}


@cache
def generated() -> dict[str, str]:
    """Every page of the reference, and the picture of the layers, as the code has them now, by path below docs/."""
    note = "<!-- Written by docs/generate_reference.py; run `make docs-reference` after a change of the code. -->"
    pages = {f"reference/{name}": "\n".join([note, "", *page()]) + "\n" for name, page in PAGES.items()}
    return {**pages, "pictures/layers.svg": layers_picture()}


def stale() -> list[str]:
    """The files that are not what the code says now."""
    files = {FOLDER / name: text for name, text in generated().items()}
    changed = [path for path, text in files.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    return [str(path.relative_to(FOLDER)) for path in changed]


def main() -> None:
    """Write the pages, or with --check exit with 1 where one is stale."""
    if "--check" in sys.argv[1:]:
        sys.exit(f"stale: {', '.join(found)}; run `make docs-reference`" if (found := stale()) else 0)
    for name, text in generated().items():
        (FOLDER / name).parent.mkdir(exist_ok=True)
        (FOLDER / name).write_text(text, encoding="utf-8")
    for complaint in missing_places().values():
        print(f"{complaint}; its keys are missing in json.md", file=sys.stderr)
    for each in not_described():
        print(f"docs/reference.toml says nothing of {each}", file=sys.stderr)
    for each in unused():
        print(f"docs/reference.toml describes {each}, which the code no longer has", file=sys.stderr)


if __name__ == "__main__":
    main()
