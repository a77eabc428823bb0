"""Recipes: what differs from the defaults, and nothing that a file could smuggle in beside it."""

from pathlib import Path

import pytest

from tasks.recipes import load_recipe, recipe_names


def written(folder: Path, text: str | bytes) -> str:
    path = folder / "mine.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


@pytest.mark.parametrize("name", recipe_names())
def test_the_recipes_of_the_project_are_sound(name: str) -> None:
    assert load_recipe(name).name == name


def test_a_recipe_that_names_nothing_is_the_standard_one(tmp_path: Path) -> None:
    assert load_recipe(written(tmp_path, 'name = "standard"')) == load_recipe("standard")


def test_a_seed_given_beside_a_recipe_wins(tmp_path: Path) -> None:
    path = written(tmp_path, "seed = 3\n")
    assert (load_recipe(path).seed, load_recipe(path, 4).seed, load_recipe(path).name) == (3, 4, "mine")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("sead = 3", "sead: there is no such setting; did you mean seed?"),
        ("[text]\nlowercas = true", "text.lowercas: there is no such setting; did you mean lowercase"),
        (
            "[[classifiers]]\nkind = 'lstm'\nunit = 3",
            "classifiers.0.unit: there is no such setting; did you mean units",
        ),
        ("seed = 3\nseed = 4", "not valid TOML"),
        ("name = [[[", "not valid TOML"),
        pytest.param("seed = " + "[" * 100_000, "not valid TOML", id="nested without end"),
        (b"name = '\xff\xfe'", "not valid TOML"),
        pytest.param("# " + "x" * 300_000, "no recipe is longer", id="endless"),
        pytest.param("seed = 1" + "0" * 10_000, "not valid TOML|seed", id="a number of thousands of digits"),
        ("seed = 1979-05-27", "seed"),
        ("[__proto__]\nx = 1", "__proto__: there is no such setting; there are name, "),
        ("[[classifiers]]\nkind = 'lstm'\nfeatures = 'scratch'\nlearning_rate = nan", "learning_rate"),
        ("[[classifiers]]\nkind = 'lstm'\nfeatures = 'scratch'\nlearning_rate = inf", "learning_rate"),
        ("[[classifiers]]\nkind = '__import__(\"os\")'\nfeatures = 'scratch'", "classifiers"),
        ("name = '../../etc/passwd'", "name"),
        ("name = '<script>alert(1)</script>'", "name"),
        ('name = "\\u001b[31m"', "name"),
    ],
)
def test_what_is_no_recipe_is_refused_in_a_sentence(tmp_path: Path, text: str | bytes, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as caught:
        load_recipe(written(tmp_path, text))
    assert "mine.toml" in str(caught.value)
    assert len(str(caught.value)) < 5_000


@pytest.mark.parametrize("name", ["../../../etc/passwd", "/etc/passwd", "quick\x00", ""])
def test_a_name_is_a_recipe_or_nothing(name: str) -> None:
    with pytest.raises(ValueError, match="no recipe"):
        load_recipe(name)
