"""Digests of content: equal for equal models, whatever process saved them."""

from pathlib import Path

import pytest

from models.recurrent import build_classifier
from models.settings import ClassifierSettings
from tasks.store.digests import content_digest
from tasks.store.formats import write_part


@pytest.mark.parametrize("kind", ["lstm", "feed-forward"])
def test_a_network_has_one_digest_wherever_its_parts_lay_in_memory(tmp_path: Path, kind: str) -> None:
    def digest(seed: int = 1, units: int = 4, name: str = "a") -> str:
        network = build_classifier(ClassifierSettings(kind=kind, units=units, dimensions=4), 10, None, seed)
        write_part(tmp_path / f"{name}.keras", network)
        return content_digest(tmp_path / f"{name}.keras")

    alive = [digest(name=name) for name in "abc"]
    assert len(set(alive)) == 1
    assert digest(seed=2) != alive[0]
    assert digest(units=5) != alive[0]
