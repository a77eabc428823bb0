"""Reading recipes: small TOML files that name what differs from the default settings."""

import tomllib
from pathlib import Path

from pydantic import ValidationError

from models.settings import Recipe

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
        faults = (
            f"{'.'.join(map(str, e['loc']))}: {e['msg']} (got {repr(e['input'])[:SHOWN]})" for e in error.errors()
        )
        raise ValueError(f"{path}: {'; '.join(faults)}"[:MOST_SAID]) from error
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, numbers of thousands of digits, endless nesting
        raise ValueError(f"{path} is not valid TOML: {error}") from error
    return recipe if seed is None else recipe.model_copy(update={"seed": seed})
