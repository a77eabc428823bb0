"""The model card (Mitchell et al. 2019): what a model is, on what it was made and measured, and where it fails.

Every figure and name is read from the record of its run; what is said in words is true of every model of this project.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from models.wording import SCORE_NAMES, score_names, snake_case
from tasks.html.fact_sheet import Part, Sheet

if TYPE_CHECKING:
    from models.inspection.behaviour import BehaviourResult
    from models.metrics.slices import SliceScore
    from tasks.tracking import MlflowRun

WORST_SLICES = 8
CODE_TAGS = ("mlflow.source.git.commit", "dirty", "code_digest", "lock_digest", "python", "platform", "cpu", "threads")


def model_card(
    run: "MlflowRun", root: "MlflowRun", slices: "Sequence[SliceScore]", behaviour: "Sequence[BehaviourResult]"
) -> Sheet:
    """The card of the model that this run trained; `root` is the run that it is a part of."""
    tags, metrics = run.data.tags, run.data.metrics
    classes = json.loads(tags.get("classes", "[]"))
    return Sheet(
        title=f"Model card: {tags['model']}",
        subtitle=f"Run {run.info.run_id} of {root.data.tags.get('mlflow.runName', '')}",
        parts=(
            _what(tags, metrics),
            _use(metrics, classes),
            _data(metrics, classes),
            _inputs(run),
            _scores(metrics, classes),
            *([_classes(metrics, classes)] if classes else []),
            _calibration(metrics),
            _slices(slices, metrics["test/accuracy"]),
            _behaviour(behaviour, classes),
            _limits(run.data.params, metrics, slices, behaviour),
            _again(root),
            _settings(run.data.params),
        ),
    )


def _what(tags: Mapping[str, str], metrics: Mapping[str, float]) -> Part:
    facts = {
        "kind": tags["kind"],
        "features": tags["features"],
        "threshold": _figure(metrics.get("threshold")),
        "temperature": _figure(metrics.get("temperature")),
        "parameters": _count(metrics.get("parameters")),
        "epochs": _count(metrics.get("epochs")),
        "training": f"{metrics['train_seconds']:.1f} s",
        "device": tags.get("device", "cpu"),
        "logged model": tags.get("model_uri", ""),
    }
    lead = (
        "Text of a tweet, and its keyword where it has one, in; probability that it reports a real disaster out. From "
        f"the threshold on it is called one. The threshold was chosen for {tags.get('threshold_for')}, on the "
        "validation rows."
    )
    if "classes" in tags:
        named = ", ".join(json.loads(tags["classes"]))
        lead = f"Text of a tweet, and its keyword where it has one, in; probability of each class out: {named}. The "
        lead += "likeliest is called."
    return Part("What it is", lead, ("what", "value"), tuple((k, v) for k, v in facts.items() if v))


def _use(metrics: Mapping[str, float], classes: Sequence[str]) -> Part:
    sorted_by = "into these classes" if classes else "by how likely they report a disaster"
    lead = (
        f"Made to sort tweets like those below {sorted_by}, for people who then read them. It "
        f"was measured on the {_count(metrics['tweets/test'])} test tweets below and on nothing else: of other "
        "sources, times and languages these figures say nothing."
    )
    return Part("What it is for", lead)


def _data(metrics: Mapping[str, float], classes: Sequence[str]) -> Part:
    lead = "Near-duplicates share a split. Training rows teach, validation rows choose, test rows were scored once."
    splits = ("train", "validation", "test")
    if classes:
        names = {"all": "", **{name: f"/{snake_case(name)}" for name in classes}}
        of_classes = [
            (name, *(_count(metrics[f"tweets/{split}{place}"]) for split in splits)) for name, place in names.items()
        ]
        return Part("Data", lead, ("class", *splits), tuple(of_classes), 3)
    rows = [(each, _count(metrics[f"tweets/{each}"]), _count(metrics[f"tweets/{each}_positives"])) for each in splits]
    return Part("Data", lead, ("split", "rows", "disasters"), tuple(rows), 2)


def _classes(metrics: Mapping[str, float], classes: Sequence[str]) -> Part:
    """How well each class is told, on the test rows."""
    scores = ("precision", "recall", "f1")
    rows = [
        (name, *(_figure(metrics.get(f"test_class/{snake_case(name)}/{score}")) for score in scores))
        for name in classes
    ]
    lead = "On the test rows; a class without test rows that is not called either has no scores."
    return Part("Classes", lead, ("class", "precision", "recall", "F1"), tuple(rows), 3)


def _inputs(run: "MlflowRun") -> Part:
    rows = []
    for each in run.inputs.dataset_inputs if run.inputs else ():
        context = next((tag.value for tag in each.tags if tag.key == "mlflow.data.context"), "")
        rows.append((context.replace("_", " "), f"{each.dataset.name}/{each.dataset.digest}"))
    return Part(
        "Inputs",
        "The artifacts it was made of, named by the digest of their content.",
        ("input", "artifact"),
        tuple(rows),
    )


def _scores(metrics: Mapping[str, float], classes: Sequence[str]) -> Part:
    rows = []
    for name, title in score_names(several=bool(classes)).items():
        low, high = (metrics.get(f"test_interval/{name}_{end}") for end in ("low", "high"))
        interval = "" if low is None or high is None else f"{low:.3f} to {high:.3f}"
        shown = _figure(metrics.get(f"validation/{name}")), _figure(metrics.get(f"test/{name}"))
        rows.append((title, *shown, interval))
    lead = "F1, precision and recall are those of disasters; intervals are 95 % bootstrap intervals over test rows."
    if classes:
        lead = (
            "Macro scores are means over the classes, ROC AUC and average precision too, of each class against all "
            "others; intervals are 95 % bootstrap intervals over test rows."
        )
    return Part("Scores", lead, ("score", "validation", "test", "test, interval"), tuple(rows), 3)


def _calibration(metrics: Mapping[str, float]) -> Part:
    rows = []
    for name in ("ece", "log_loss"):
        for split in ("validation", "test"):
            before, after = metrics.get(f"{split}/uncalibrated_{name}"), metrics.get(f"{split}/{name}")
            rows.append((f"{SCORE_NAMES[name]}, {split}", _figure(before), _figure(after)))
    temperature = metrics.get("temperature")
    lead = "No temperature was fitted."
    if temperature is not None:
        lead = (
            f"All log-odds are divided by {temperature:.3f}, fitted on the validation rows; test rows show its worth."
        )
    return Part("Calibration", lead, ("figure", "before", "after"), tuple(rows), 2)


def _slices(slices: "Sequence[SliceScore]", overall: float) -> Part:
    """The slices below the accuracy of all rows, the surely worst first."""
    below = [each for each in slices if each.accuracy < overall]
    rows = [
        (
            each.name,
            _count(each.rows),
            *([] if each.positives is None else [_count(each.positives)]),
            _with_interval(each.accuracy, each.accuracy_interval),
            *([] if each.positives is None else [_with_interval(each.f1, each.f1_interval)]),
        )
        for each in below[:WORST_SLICES]
    ]
    lead = (
        f"{len(below)} of {len(slices)} slices of the test rows lie below the accuracy of all rows, {overall:.3f}: "
        "here those with the lowest upper end of the 95 % interval. Slices overlap, and the worst of many is "
        "worse than it seems by chance alone."
    )
    head: tuple[str, ...] = ("slice", "rows", "disasters", "accuracy", "F1")
    if any(each.positives is None for each in slices):
        head = ("slice", "rows", "accuracy")
    return Part("Where it does worst", lead, head, tuple(rows), len(head) - 1)


def _behaviour(results: "Sequence[BehaviourResult]", classes: Sequence[str]) -> Part:
    if classes:
        lead = (
            "Not tested: the written sentences are about disasters, and do not know which of several classes that is."
        )
        return Part("Behaviour tests", lead)
    rows = [
        (
            each.kind,
            each.name,
            f"probability {each.expected}" if each.kind != "plain" else each.expected,
            str(each.cases),
            str(each.failures),
        )
        for each in results
    ]
    lead = "Written sentences, changed in one way each; what the probability should do then, and how often it did not."
    return Part("Behaviour tests", lead, ("kind", "sentences", "expected", "cases", "failures"), tuple(rows), 2)


def _limits(
    settings: Mapping[str, str],
    metrics: Mapping[str, float],
    slices: "Sequence[SliceScore]",
    results: "Sequence[BehaviourResult]",
) -> Part:
    overall = metrics["test/accuracy"]
    below = [each.name for each in slices if each.accuracy_interval[1] < overall]
    failing = [f"{each.name} ({each.failures} of {each.cases})" for each in results if each.failures]
    rows = [
        ("slices whose whole interval lies below the accuracy of all rows", "; ".join(below) or "none"),
        ("behaviours that fail", "; ".join(failing) or "none"),
        ("words of test tweets that it does not know", f"{metrics['test/unknown_words']:.1%} of a tweet's, on average"),
    ]
    if longest := settings.get("settings.max_length"):
        rows.append(("tokens read of one tweet", f"{longest}; the rest is cut"))
    return Part("Limits", "As far as these figures tell.", ("limit", "found"), tuple(rows))


def _again(root: "MlflowRun") -> Part:
    tags = root.data.tags
    rows = [
        (name.removeprefix("mlflow.source.").replace("_", " ").replace(".", " "), tags.get(name, ""))
        for name in CODE_TAGS
    ]
    rows = [row for row in rows if row[1]]
    lead = "This runs it again from the raw bytes, on the same code, and compares every artifact."
    return Part(
        "To make it again", lead, ("what", "value"), (("command", f"crisisflow replay {root.info.run_id}"), *rows)
    )


def _settings(settings: Mapping[str, str]) -> Part:
    return Part("Settings", "All settings of its step.", ("setting", "value"), tuple(sorted(settings.items())))


def _count(value: Any) -> str:
    return "" if value is None else f"{value:,.0f}"


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _with_interval(value: float | None, interval: tuple[float, float] | None) -> str:
    return "" if value is None or interval is None else f"{value:.3f} ({interval[0]:.3f} to {interval[1]:.3f})"
