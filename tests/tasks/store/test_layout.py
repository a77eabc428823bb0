"""A state folder can be moved and copied, and an older layout is brought up to date; a newer one is refused."""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pyarrow as pa
import pytest

from tasks import registry, tracking
from tasks.evaluation.comparison import ModelRow
from tasks.packaging import mlflow_model
from tasks.sources import watched
from tasks.store import formats, layout, relative_locations

ROOT = Path(__file__).parents[3]
ROWS = pa.table({"text": ["fire near the mill", "a lovely day"], "keyword": pa.nulls(2, pa.string())})


def tweets() -> Path:
    """A stored table of four tweets."""
    table = pa.table(
        {
            "id": [1, 2, 3, 4],
            "text": ["fire near the mill", "a lovely day", "flood at the bridge", "new song is out"],
            "keyword": pa.nulls(4, pa.string()),
            "location": pa.nulls(4, pa.string()),
            "target": pa.array([1, 0, 1, 0], pa.int8()),
            "split": ["test"] * 4,
        }
    )
    return formats.write_artifact("tweets", {"tweets.parquet": table})


@contextmanager
def at(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[None]:
    """For the block, the state folder is this one."""
    with monkeypatch.context() as patch:
        patch.setenv("CRISISFLOW_HOME", str(folder))
        yield


def listing(folder: Path) -> dict[str, str]:
    """The digest of every file below the folder, by name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def make_champion(row: ModelRow) -> str:
    """Register this model as the champion; its version."""
    client = tracking.client()
    client.create_registered_model(registry.MODEL_NAME)
    version = client.create_model_version(
        registry.MODEL_NAME, row.model_uri, row.run_id, model_id=row.model_uri.removeprefix("models:/")
    ).version
    client.set_registered_model_alias(registry.MODEL_NAME, registry.CHAMPION, version)
    return str(version)


def answers() -> list[float]:
    """What the champion says of the rows."""
    model = mlflow_model.load_model(registry.CHAMPION_URI)
    return list(model.predict(ROWS.to_pandas())["probability"])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, train: Callable[..., ModelRow]) -> Iterator[Path]:
    """A state folder with a champion and a file on its run; tests copy it."""
    home = tmp_path_factory.mktemp("trained") / "state"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRISISFLOW_HOME", str(home))
        row = train(tweets(), "one-hot", {"fire": 4.0, "flood": 4.0})
        tracking.client().log_text(row.run_id, "kept", "note.txt")
        make_champion(row)
    return home


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    """A copy of the trained folder."""
    return Path(shutil.copytree(trained, tmp_path / "state"))


def to_first_layout(home: Path, root: Path | None = None) -> None:
    """Write the addresses as commits up to 1f8adf7 did: absolute, below `root`, and without a mark."""
    artifacts = ((root or home) / "mlflow" / "artifacts").as_uri()
    with closing(sqlite3.connect(home / "mlflow" / "mlflow.db")) as connection, connection:
        for table, column in (
            ("experiments", "artifact_location"),
            ("runs", "artifact_uri"),
            ("logged_models", "artifact_location"),
            ("model_versions", "storage_location"),
        ):
            relative = f"{column} LIKE 'mlflow-artifacts:/%'"
            connection.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, {len('mlflow-artifacts:') + 1}) WHERE {relative}",
                (artifacts,),
            )
        connection.execute(
            "UPDATE experiments SET artifact_location = ? WHERE artifact_location = ?", (artifacts, f"{artifacts}/")
        )
    (home / layout.MARK).unlink()


def addresses(home: Path) -> list[str]:
    with closing(sqlite3.connect(home / "mlflow" / "mlflow.db")) as connection:
        rows = connection.execute(
            "SELECT artifact_location FROM experiments UNION ALL SELECT artifact_uri FROM runs UNION ALL "
            "SELECT artifact_location FROM logged_models UNION ALL SELECT storage_location FROM model_versions"
        )
        return [address for (address,) in rows]


def test_no_address_in_the_database_names_a_place(trained: Path) -> None:
    assert len(addresses(trained)) == 5
    assert all(address.startswith("mlflow-artifacts:/") for address in addresses(trained))


@pytest.mark.parametrize("name", ["moved", "a b", "ünï#h", "it's", "+&="])
def test_a_moved_folder_loads_its_champion(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with at(monkeypatch, folder):
        before = answers()
    moved = folder.rename(tmp_path / name)
    with at(monkeypatch, moved):
        assert answers() == before
        run = tracking.find_runs("")[0].info.run_id
        assert tracking.download(run, "note.txt", tmp_path).read_text() == "kept"


def test_a_copy_writes_nothing_into_the_original(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, train: Callable[..., ModelRow]
) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    before = listing(folder)
    with at(monkeypatch, copy):
        train(tweets(), "another", {"fire": 1.0})
    assert listing(folder) == before
    assert len(addresses(copy)) > len(addresses(folder))


def test_a_link_to_the_folder_is_the_folder(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link").symlink_to(folder)
    with at(monkeypatch, folder):
        before = answers()
    with at(monkeypatch, tmp_path / "link"):
        assert answers() == before


def test_a_notebook_finds_the_champion_beside_the_database(folder: Path, tmp_path: Path) -> None:
    """As docs/how-to/serving.md has it: plain MLflow, with the plugin that the installed package brings."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    installed = tmp_path / "site" / "crisisflow-0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Name: crisisflow\nVersion: 0\n")
    (plugin,) = project["entry-points"]["mlflow.artifact_repository"].items()
    (installed / "entry_points.txt").write_text(f"[mlflow.artifact_repository]\n{' = '.join(plugin)}\n")
    script = (
        "import mlflow\n"
        "mlflow.set_tracking_uri('sqlite:///state/mlflow/mlflow.db')\n"
        "print(mlflow.artifacts.download_artifacts('models:/crisisflow@champion'))\n"
    )
    environ = {**os.environ, "PYTHONPATH": f"{installed.parent}:{ROOT}", "CRISISFLOW_HOME": str(tmp_path / "another")}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert Path(done.stdout.strip()).is_relative_to(folder / "mlflow" / "artifacts"), done.stderr


def test_a_folder_of_the_first_layout_is_brought_up_to_date(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    relative = addresses(folder)
    to_first_layout(folder)
    assert all(address.startswith(folder.as_uri()) for address in addresses(folder))
    with at(monkeypatch, folder):
        answers()
    assert addresses(folder) == relative
    mark = json.loads((folder / layout.MARK).read_text())
    assert mark["layout"] == layout.LAYOUT
    assert mark["upgrades"][0]["artifacts_were_in"] == [str(folder / "mlflow" / "artifacts")]


def test_one_that_was_moved_before_is_too(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    to_first_layout(folder, root=tmp_path / "gone")
    with at(monkeypatch, folder):
        assert answers()[0] > answers()[1]


def test_what_a_copy_wrote_into_its_original_is_fetched(
    trained: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run,) = (path.parent.parent for path in (folder / "mlflow" / "artifacts").rglob("note.txt"))
    shutil.rmtree(run)
    to_first_layout(folder, root=trained)
    before = listing(trained)
    with at(monkeypatch, folder):
        layout.bring_up_to_date()
    assert (run / "artifacts" / "note.txt").read_text() == "kept"
    assert listing(trained) == before


def test_addresses_elsewhere_stay(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    to_first_layout(folder)
    elsewhere = ["s3://bucket/runs", "file:///srv/other", "http://server/api"]
    with closing(sqlite3.connect(folder / "mlflow" / "mlflow.db")) as connection, connection:
        for number, address in enumerate(elsewhere):
            connection.execute(
                "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, workspace) "
                "VALUES (?, ?, ?, 'active', 'default')",
                (90 + number, f"other {number}", address),
            )
    with at(monkeypatch, folder):
        layout.bring_up_to_date()
    assert set(elsewhere) <= set(addresses(folder))


def test_a_layout_is_not_changed_under_a_process_that_uses_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    to_first_layout(folder)
    before = addresses(folder)
    script = (
        "import sqlite3, sys; opened = sqlite3.connect(sys.argv[1]); opened.execute('SELECT 1 FROM runs')\n"
        "print('open', flush=True); input()\n"
    )
    user = subprocess.Popen(
        [sys.executable, "-c", script, str(folder / "mlflow" / "mlflow.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert user.stdout is not None
    assert user.stdout.readline() == "open\n"
    with at(monkeypatch, folder), pytest.raises(ValueError, match=f"process {user.pid} .* uses .*: end it"):
        layout.bring_up_to_date()
    user.communicate("\n")
    assert addresses(folder) == before
    with at(monkeypatch, folder):
        layout.bring_up_to_date()


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        ({"layout": layout.LAYOUT + 1}, "a newer crisisflow wrote"),
        ({"layout": layout.LAYOUT, "restoring": "/b.tar"}, "run `crisisflow restore /b.tar` again"),
        ({}, "is damaged"),
        ({"layout": "second"}, "is damaged"),
    ],
)
def test_a_folder_that_this_version_cannot_use_is_refused(home: Path, mark: Mapping[str, object], said: str) -> None:
    home.mkdir()
    (home / layout.MARK).write_text(json.dumps(mark))
    with pytest.raises(ValueError, match=said):
        layout.bring_up_to_date()


def test_a_new_folder_has_the_present_layout(home: Path) -> None:
    layout.bring_up_to_date()
    assert layout.read_mark(home)["layout"] == layout.LAYOUT


def test_a_watched_inbox_knows_its_files_after_a_move(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.Watched(str(watched.inbox("score")), "score").note(digest="scored")
    moved = home.rename(tmp_path / "moved")
    with at(monkeypatch, moved):
        assert watched.Watched(str(watched.inbox("score")), "score").done == {"digest": "scored"}
        assert watched.Watched(str(tmp_path / "state" / "inbox" / "score"), "score").done == {}


def test_a_watched_inbox_of_the_first_layout_knows_its_files(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tmp_path / "before"
    to_first_layout(folder, root=before)
    name = hashlib.sha256(f"score\n{before}/inbox/score".encode()).hexdigest()[:32]
    (folder / "watched").mkdir()
    (folder / "watched" / f"{name}.json").write_text('{"done": {"digest": "scored"}}')
    with at(monkeypatch, folder):
        layout.bring_up_to_date()
        assert watched.Watched(str(watched.inbox("score")), "score").done == {"digest": "scored"}


def test_an_upgrade_that_fails_changes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("no space left")

    to_first_layout(folder)
    before = addresses(folder)
    with at(monkeypatch, folder), monkeypatch.context() as patch:
        patch.setattr(relative_locations, "_fetch_stray", fail)
        with pytest.raises(OSError, match="no space"):
            layout.bring_up_to_date()
    assert addresses(folder) == before
    assert not (folder / layout.MARK).exists()
