"""Word vectors asked on the command line, as a user types it."""

import itertools
import json
import os
import re
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from flows.cli.vector_options import Matrix, VectorOptions
from models.settings import EmbeddingSettings
from models.vectors import WordVectors
from models.vectors.formats import to_word2vec_text

WORDS = {"man": (0, 1, 0), "woman": (0, -1, 0), "king": (1, 1, 0), "queen": (1, -1, 0.01), "bread": (0, 0, 1)}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vectors") / "vectors.txt"
    path.write_bytes(to_word2vec_text(WordVectors(pa.array(list(WORDS)), np.array(list(WORDS.values()), np.float32))))
    return path


def crisisflow(*arguments: object, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | ({"CRISISFLOW_HOME": str(home)} if home else {})
    command = [sys.executable, "-m", "flows", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)


@pytest.mark.parametrize(
    ("arguments", "path", "expected"),
    [
        (("neighbours", "king", "-n", "1"), ("neighbours", 0, "word"), "man"),
        (("analogy", "man", "king", "woman"), ("answers", 0, "word"), "queen"),
        (("analogy", "man", "king", "woman", "--method", "3CosMul"), ("answers", 0, "word"), "queen"),
        (("doesnt-match", "king", "man", "bread"), ("odd_one_out",), "bread"),
        (("odd-one-out", "king", "man", "bread"), ("odd_one_out",), "bread"),
        (("similarity", "king queen", "bread"), ("one",), "king queen"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_a_question_prints_one_json_object(file: Path, arguments: tuple, path: tuple, expected: str) -> None:
    done = crisisflow(*arguments, "--vectors", file, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert answer["vectors"] == str(file)
    for key in path:
        answer = answer[key]
    assert answer == expected


def test_people_get_a_table(file: Path) -> None:
    done = crisisflow("neighbours", "king", "--vectors", file)
    assert all(word in done.stdout for word in ("queen", "woman", "cosine", str(file)))


def test_an_unknown_word_is_bad_input_with_near_spellings(file: Path) -> None:
    done = crisisflow("neighbours", "quen", "--vectors", file)
    assert done.returncode == 2
    assert "'quen' has no vector; close words that have one: queen" in done.stderr
    assert f"Asked: {file}; --run RUN_ID or --vectors FILE names others" in done.stderr


def test_without_vectors_the_remedy_is_named(tmp_path: Path) -> None:
    done = crisisflow("neighbours", "king", home=tmp_path)
    assert done.returncode == 2
    assert "`crisisflow embed` does, or give a file with --vectors" in done.stderr


def test_vectors_of_a_file_are_converted(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "vectors.bin"
    done = crisisflow("export-vectors", "--vectors", file, "--format", "word2vec-binary", "--out", out, "--json")
    assert json.loads(done.stdout) == {
        "format": "word2vec-binary", "words": 5, "width": 3, "files": [str(out)], "vectors": str(file)
    }  # fmt: skip
    assert json.loads(crisisflow("similarity", "king", "king", "--vectors", out, "--json").stdout)["cosine"] == 1


def test_a_similarity_file_is_scored_with_its_coverage(file: Path, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("word 1,word 2,score\nking,queen,8\nking,bread,1\nman,bread,1\nman,unheard,5\n")
    done = crisisflow("evaluate-vectors", "--similarities", pairs, "--vectors", file, "--json")
    assert json.loads(done.stdout)["similarity"]["coverage"] == 0.75


def test_columns_of_a_similarity_file_are_named_where_types_cannot_tell_them(file: Path, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("p1,king,queen,8,3\np2,king,bread,1,7\np3,man,bread,1,9\n")
    asked = ("evaluate-vectors", "--similarities", pairs, "--vectors", file, "--json")
    refused = crisisflow(*asked)
    assert refused.returncode == 2
    assert "name it to evaluate-vectors with --score-column" in refused.stderr
    done = crisisflow(*asked, "--word-columns", "2,3", "--score-column", "4")
    assert json.loads(done.stdout)["similarity"]["pairs"] == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--ngrams", "3-6"), "--ngrams needs --subwords"),
        (("--buckets", "100"), "--buckets needs --subwords"),
        (("--subwords", "--ngrams", "three"), "--ngrams must be MIN-MAX, two lengths in characters, got 'three'"),
        (("--subwords", "--ngrams", "6-3"), "shortest must not exceed longest, got 6 and 3"),
        (("--subwords", "--vectors-from", "mean"), 'give vectors_from = "input", got "mean"'),
    ],
)
def test_flags_of_subwords_that_ask_for_nothing_are_refused(arguments: tuple, said: str) -> None:
    parsed = dict(itertools.pairwise(arguments))
    options = VectorOptions(
        subwords="--subwords" in arguments,
        ngrams=parsed.get("--ngrams"),
        buckets=int(parsed["--buckets"]) if "--buckets" in parsed else None,
        vectors_from=Matrix(parsed.get("--vectors-from", "input")),
    )
    with pytest.raises(ValueError, match=re.escape(said)):
        options.settings()


@pytest.mark.parametrize(
    ("also", "said"),
    [
        ({"phrases": {"passes": 1}}, None),
        ({"architecture": "cbow"}, None),
        ({"start": "external"}, "external vectors say nothing of the n-grams"),
        ({"vectors_from": "output"}, 'give vectors_from = "input"'),
        ({"remove_components": 1}, "give 0 with subwords"),
    ],
    ids=str,
)
def test_subwords_go_with_another_setting_or_refuse_it(also: dict, said: str | None) -> None:
    """Senses go with either: tests/tasks/training/test_senses.py."""
    with nullcontext() if said is None else pytest.raises(ValueError, match=re.escape(said)):
        EmbeddingSettings(subwords={"enabled": True}, **also)


def test_flags_of_subwords_become_settings() -> None:
    asked = VectorOptions(subwords=True, ngrams="2-5", buckets=100).settings().subwords
    assert (asked.enabled, asked.shortest, asked.longest, asked.buckets) == (True, 2, 5, 100)


def test_vectors_without_ngrams_are_no_fasttext_file(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "vectors.bin"
    done = crisisflow("export-vectors", "--vectors", file, "--format", "fasttext", "--out", out)
    assert done.returncode == 2
    assert "train some with `crisisflow embed --subwords`" in " ".join(done.stderr.split())
    assert not out.exists()
