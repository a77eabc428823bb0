"""Reading recipes: small TOML files that name what differs from the default settings."""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from models.settings import Recipe, Settings

FOLDER = Path(__file__).parents[1] / "flows" / "recipes"

MOST_BYTES = 1 << 18
SHOWN, MOST_SAID = 80, 4_000  # characters of a wrong value, and of all that is said of a file of wrong values


def recipe_names() -> list[str]:
    """The recipes that come with the project."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def recipe_file(name_or_file: str) -> Path:
    """The file of the recipe of this name, or this file. Raises ValueError naming the unknown recipe."""
    path = Path(name_or_file)
    if path.suffix != ".toml":
        path = FOLDER / f"{name_or_file}.toml"
    if not path.is_file():
        known = ", ".join(recipe_names())
        raise ValueError(f"no recipe {name_or_file!r}: use one of {known}, or the path of a .toml file")
    return path


def _fault(place: tuple[int | str, ...], kind: str, said: str, value: object) -> str:
    """One fault of a recipe in words; of a name that there is not, the nearest that there is."""
    where = ".".join(map(str, place))
    if kind != "extra_forbidden":
        return f"{where}: {said} (got {repr(value)[:SHOWN]})"
    known = _names_beside(place)
    near = get_close_matches(str(place[-1]), known, 1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    return f"{where}: there is no such setting; {hint}"


def _names_beside(place: tuple[int | str, ...]) -> list[str]:
    """The settings that there are in the group that this place is in, in their order."""
    fields: Mapping[str, FieldInfo] = Recipe.model_fields
    for step in place[:-1]:
        if isinstance(step, int):  # the group of an element is that of its list
            continue
        groups = [each for each in _classes(fields[step].annotation) if issubclass(each, Settings)]
        fields = groups[0].model_fields if groups else {}
    return list(fields)


def _classes(annotation: object) -> list[type]:
    """The classes that an annotation names, however deep: of `tuple[A, ...] | None` these are tuple, A and None's."""
    if isinstance(annotation, type) and not get_args(annotation):
        return [annotation]
    return [each for part in get_args(annotation) for each in _classes(part)]


def load_recipe(name_or_file: str, seed: int | None = None) -> Recipe:
    """The recipe of this name, or in this file; a seed given here beats the recipe's own.

    Raises ValueError naming the unknown recipe, or the setting that is wrong and where.
    """
    path = recipe_file(name_or_file)
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"{path} has {path.stat().st_size:,} bytes: no recipe is longer than {MOST_BYTES:,}")
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        recipe = Recipe(**{"name": path.stem, **values})
    except ValidationError as error:
        faults = "; ".join(_fault(each["loc"], each["type"], each["msg"], each["input"]) for each in error.errors())
        raise ValueError(f"{path}: {faults}"[:MOST_SAID]) from error
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, numbers of thousands of digits, endless nesting
        raise ValueError(f"{path} is not valid TOML: {error}") from error
    return recipe if seed is None else recipe.model_copy(update={"seed": seed})
