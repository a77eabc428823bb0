"""Logging a classifier to MLflow as a whole, from raw strings to probabilities, and loading it back."""

import json
import logging
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.classifiers.pipeline import class_column
from models.drift.familiarity import Familiarity, count_scripts
from models.splitting.learned import LearnedGroups, distinct_groups
from tasks import caching
from tasks.runtime import errors
from tasks.runtime.environment import load_tensorflow
from tasks.runtime.redaction import redact
from tasks.scoring.predicting import AnswerColumns, Scorer
from tasks.store.digests import combine
from tasks.tracking import Run, defer_signals, fluent_mlflow

if TYPE_CHECKING:
    from mlflow.pyfunc import PyFuncModel

    from models.classifiers.pipeline import TextClassifier

logger = logging.getLogger(__name__)

REQUIRED = ("mlflow", "numpy", "pandas", "pyarrow", "scipy", "pydantic", "ftfy")
REQUIRED_BY_NETWORKS = ("keras", "tensorflow")
EXAMPLES = 3
CODE_FILE, CODE_LOADER = "logged_model.py", "mlflow.pyfunc.loaders.code_model"
COLUMNS, SCRIPTS, LEARNED = "columns", "scripts", "learned"  # in the metadata of a logged model
# The classifiers of a logged model, by what each is for, as `logged_model.py` knows them: that file imports MLflow.
ONLY, SERVED, JUDGED = "classifier", "served", "judged"
GROUPS, PART = "groups", "part"
KIND_GROUPS = "kinds-groups.parquet"  # part of a classifier: group and split of every text whose kinds it learned
THRESHOLD = ("threshold", "threshold_for")
CLASSES = "classes"
PICKLE_SUFFIXES = (".pkl", ".pickle", ".joblib", ".cloudpickle", ".pt", ".pth")


def log_classifier(run: Run, classifier: Path, tweets: pa.Table, columns: Mapping[str, Any] | None = None) -> None:
    """Log this classifier folder as the run's model, with signature, example and the code that it needs.

    The model's metadata hold, as plain JSON, its `threshold` and for what that was chosen, and `columns`: how the
    training source was read, its `names` by meaning and the label words, and how many training texts are written in
    each of the `scripts`.
    """
    run.tag(model_uri=_log(run, {ONLY: classifier}, tweets, columns))


def log_both(run: Run, judged: Path, served: Path, tweets: pa.Table, columns: Mapping[str, Any] | None = None) -> str:
    """Log two classifier folders as one model that answers with `served`; return its address.

    `load_model(address, judged=True)` gives the other one. Metadata as of `log_classifier`, of the served one.
    """
    return _log(run, {JUDGED: judged, SERVED: served}, tweets, columns)


def _log(run: Run, classifiers: Mapping[str, Path], tweets: pa.Table, columns: Mapping[str, Any] | None) -> str:
    """Log classifier folders by what they are for, with the groups that each has learned from; return the address."""
    mlflow = fluent_mlflow()
    answers = SERVED if SERVED in classifiers else ONLY
    served, learned = classifiers[answers], {part: learned_splits(folder) for part, folder in classifiers.items()}
    example = tweets.select(["text", "keyword"]).slice(0, EXAMPLES).to_pandas().astype(object)
    config = {"model_config": {PART: SERVED}} if answers == SERVED else {}
    with tempfile.TemporaryDirectory() as folder, defer_signals(), mlflow.start_run(run.run_id):
        package = carry_package(Path(folder))
        artifacts = {"package": str(package)}
        for part, classifier in classifiers.items():
            artifacts[part] = str(shutil.copytree(classifier, Path(folder) / part))
        if "group" in tweets.column_names:
            artifacts[GROUPS] = str(_write_groups(Path(folder), tweets, served))
        logged = mlflow.pyfunc.log_model(
            name="classifier",
            python_model=str(Path(__file__).with_name(CODE_FILE)),
            artifacts=artifacts,
            signature=_signature(read_about(served)),
            input_example=example.where(example.notna(), None),
            pip_requirements=requirements(networks=any(served.rglob("network.keras"))),
            metadata={
                **_described(served),
                **({COLUMNS: dict(columns)} if columns else {}),
                SCRIPTS: _scripts(tweets, learned[answers]),
                LEARNED: learned,
            },
            **config,
        )
    return str(logged.model_uri)


def read_about(classifier: Path) -> dict[str, Any]:
    """The description in a classifier's folder: what it is, what it was fitted with, what it learned from."""
    return dict(json.loads((classifier / "classifier.json").read_text(encoding="utf-8")))


def learned_splits(classifier: Path) -> list[str]:
    """The splits that a classifier says it learned from: a refit from all, every other one from the training rows."""
    return list(read_about(classifier).get(LEARNED, ("train",)))


def _write_groups(folder: Path, tweets: pa.Table, classifier: Path) -> Path:
    """Group and split of every labelled row, and of every text whose kinds were learned, each once."""
    path = folder / f"{GROUPS}.parquet"
    known = [tweets.select(["group", "split"]), *map(pq.read_table, sorted(classifier.rglob(KIND_GROUPS)))]
    pq.write_table(distinct_groups(pa.concat_tables(known)), path, compression="zstd")
    return path


def _described(classifier: Path) -> dict[str, Any]:
    """What the description of a classifier says of its threshold, or of its several classes."""
    about = read_about(classifier)
    return {name: about[name] for name in (*THRESHOLD, CLASSES) if about.get(name) is not None}


def _scripts(tweets: pa.Table, learned: Sequence[str]) -> dict[str, int]:
    among = pc.is_in(tweets["split"], pa.array(learned)) if "split" in tweets.column_names else None
    rows = tweets if among is None else tweets.filter(among)
    return count_scripts(rows["text"])


def carry_package(folder: Path) -> Path:
    """Copy what `models.classifiers.pipeline` reaches of `models/` into the folder, as a package named by digest."""
    names = sorted(
        name for name in caching.reached_modules("models.classifiers.pipeline") if name.split(".")[0] == "models"
    )
    package = "crisisflow_models_" + combine({name: caching.module_digest(name) for name in names})[:12]
    for name in names:
        source = caching.module_file(name)
        assert source is not None, f"{name} is not a module of this project"
        target = folder / package / source.relative_to(caching.ROOT / "models")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(rename_package(source.read_text(), package))
    return folder / package


def rename_package(source: str, package: str) -> str:
    """The module's text with `models` imported under another name.

    >>> rename_package("from models.text import Tokens", "carried")
    'from carried.text import Tokens'
    """
    return re.sub(r"^(\s*(?:from|import) )models\b", rf"\g<1>{package}", source, flags=re.MULTILINE)


def requirements(networks: bool) -> list[str]:
    """The libraries that a logged model needs, at the versions it was made with."""
    names = REQUIRED + (REQUIRED_BY_NETWORKS if networks else ())
    return [f"{name}=={metadata.version(name)}" for name in names]


def _signature(about: Mapping[str, Any]) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema
    from mlflow.types.schema import AnyType

    # Not "string": MLflow would refuse a column of numbers, and one without any value, which pandas calls float.
    inputs = Schema([ColSpec(AnyType(), "text"), ColSpec(AnyType(), "keyword", required=False)])
    kinds = [
        column
        for each in about.get("kinds", ())
        for column in (ColSpec("string", each["name"]), ColSpec("double", f"{each['name']}_probability"))
    ]
    classes = about.get("classes", ())
    label = ColSpec("string" if classes else "long", "label")
    each = [ColSpec("double", class_column(name)) for name in classes]
    return ModelSignature(inputs, Schema([ColSpec("double", "probability"), label, *each, *kinds]))


def load_model(uri: str, judged: bool = False) -> "PyFuncModel":
    """The logged model at this address (`models:/crisisflow@champion`, `runs:/...`), which answers as it is served.

    With `judged`, the twin that has not learned from the held-out rows, where the model holds two.

    A model is a program, so only those of the tracking store in force are loaded, and of them none that holds a pickle.
    Raises ValueError when there is none, or it is refused.
    """
    from mlflow.exceptions import MlflowException

    mlflow = fluent_mlflow()
    if not uri.startswith(("models:/", "runs:/")):
        raise ValueError(
            f"{redact(uri)} is refused: a model is a program, and only those that `crisisflow retrain` logged are run; "
            "name one by models:/NAME/VERSION, models:/NAME@ALIAS or runs:/RUN_ID/classifier"
        )
    try:
        folder = Path(mlflow.artifacts.download_artifacts(uri))
        _refuse_pickles(uri, folder)
        _say_of_other_versions(uri, folder)  # MLflow's own look at them takes a second
        return _load(folder, judged)
    except MlflowException as error:
        if errors.tracking_lost(error):
            raise
        raise ValueError(f"no model at {uri}: {error.message.splitlines()[0]}") from error


def _load(folder: Path, judged: bool = False) -> "PyFuncModel":
    """The model in this folder, which was looked at before."""
    import mlflow.pyfunc

    config = {PART: JUDGED} if judged and _holds_both(folder) else None
    if any(folder.rglob("*.keras")):
        load_tensorflow()
    loaded: PyFuncModel = mlflow.pyfunc.load_model(str(folder), suppress_warnings=True, model_config=config)
    return loaded


def scorer_of(model: "PyFuncModel") -> Scorer:
    """A loaded model with what it learned from."""
    learned = LearnedGroups.of(groups_learned(model))
    return Scorer(model, familiarity(model), learned, AnswerColumns(class_names(model), kind_names(model)))


def copy_model(uri: str, folder: Path) -> Path:
    """A copy of a logged model below this folder, for workers that share it. Looked at before, by `load_model`."""
    return shutil.copytree(fluent_mlflow().artifacts.download_artifacts(uri), folder / "model")


@lru_cache(maxsize=1)  # one scoring, one model, asked for part after part
def load_scorer(folder: Path) -> Scorer:
    """The model in a folder of `copy_model`, without the tracking store."""
    return scorer_of(_load(folder))


def _say_of_other_versions(uri: str, folder: Path) -> None:
    """Warn of libraries that are not those that the model was made with: its answers may differ."""
    made_with = dict(line.split("==") for line in (folder / "requirements.txt").read_text().split() if "==" in line)
    here = {name: installed(name) for name in made_with}
    if other := [name for name in made_with if here[name] != made_with[name]]:
        then = ", ".join(f"{name} {made_with[name]}" for name in other)
        now = ", ".join(f"{name} {here[name] or 'missing'}" for name in other)
        logger.warning("%s was made with %s; here: %s. Its answers may differ a little", uri, then, now)


def installed(library: str) -> str:
    """The version of a library that is installed here; empty where it is not."""
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return ""


def _holds_both(folder: Path) -> bool:
    return (folder / "artifacts" / JUDGED).is_dir()


def serves(model: "PyFuncModel") -> str:
    """Whether a loaded model answers with a refit on all labelled rows ("refit") or as it was judged ("twin")."""
    return "refit" if getattr(model.unwrap_python_model(), "part", ONLY) == SERVED else "twin"


def groups_learned(model: "PyFuncModel") -> pa.Table | None:
    """Columns group and split of the labelled rows that a loaded model, as it answers, has learned from.

    None of a model that was logged without.
    """
    logged = model.unwrap_python_model()
    path, part = getattr(logged, "groups", None), getattr(logged, "part", ONLY)
    if path is None:
        return None
    table = pq.read_table(path)
    splits = (model.metadata.metadata or {})[LEARNED][part]
    return table.filter(pc.is_in(table["split"], pa.array(splits, pa.string())))


def column_names(model: "PyFuncModel") -> dict[str, str]:
    """The column names of a loaded model's training source by meaning; none of a model that was logged without."""
    return dict((model.metadata.metadata or {}).get(COLUMNS, {}).get("names", {}))


def class_names(model: "PyFuncModel") -> tuple[str, ...]:
    """The several classes of a loaded model's label; none of a model of two, or that was logged without."""
    return tuple(getattr(model.unwrap_python_model().classifier, "classes", ()))


def kind_names(model: "PyFuncModel") -> tuple[str, ...]:
    """The kinds of information that a loaded model tells of a text; none of a model that was logged without."""
    kinds = getattr(model.unwrap_python_model().classifier, "kinds", ())
    return tuple(kind.name for kind in kinds)


def familiarity(model: "PyFuncModel") -> Familiarity:
    """What a loaded model learned from: scripts as recorded with it, else those of its words, and its words."""
    scripts = (model.metadata.metadata or {}).get(SCRIPTS)
    return Familiarity.of(scripts, model.unwrap_python_model().classifier.known_words)


def load_classifier(uri: str) -> "TextClassifier":
    """The classifier inside the logged model at this address, as the code that it was logged with makes it.

    Loaded as `load_model` does, under the same refusals.
    """
    classifier: TextClassifier = load_model(uri).unwrap_python_model().classifier
    return classifier


def _refuse_pickles(uri: str, folder: Path) -> None:
    """Raise ValueError unless the model is our own source file over parts that hold data only."""
    from mlflow.models import Model

    flavor = Model.load(str(folder)).flavors.get("python_function", {})
    ours = flavor.get("loader_module") == CODE_LOADER and Path(flavor.get("model_code_path", "")).name == CODE_FILE
    pickled = [path.name for path in folder.rglob("*") if path.suffix in PICKLE_SUFFIXES]
    if not ours or pickled:
        found = ", ".join(pickled) or flavor.get("loader_module", "no python_function")
        raise ValueError(
            f"{uri} is refused: it was not logged by crisisflow, and loading it ({found}) could run any code"
        )
