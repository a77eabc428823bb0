"""How the run of a model is presented in MLflow's pages: its name, what it belongs to, and what it is in words."""

from collections.abc import Mapping

from models.wording import counted
from tasks.tracking.run import Run


def present(run: Run, tags: Mapping[str, str], metrics: Mapping[str, float], reused: bool = False) -> bool:
    """Name and describe the run if it is that of a model; return whether it is.

    The name is the model, and the retraining or fold: models of one name come from all of them. The tag `retraining`
    holds the name of the root alone, for a column.
    """
    if "model" not in tags or "test/accuracy" not in metrics:
        return False
    name = f"{tags['model']} {run.root_name}{f', {run.fold}' if run.fold else ''}".strip()
    run.tag(retraining=run.root_name)
    run.rename(f"{name} (reused)" if reused else name)
    run.describe(describe(tags, metrics, run.root_name))
    return True


def describe(tags: Mapping[str, str], metrics: Mapping[str, float], retraining: str) -> str:
    """The model in a few sentences of Markdown."""
    rows = counted(int(metrics["tweets/test"]), "test tweet") if "tweets/test" in metrics else "the test tweets"
    lines = [
        f"**{tags['model']}**, of the retraining *{retraining}*: accuracy {metrics['test/accuracy']:.3f}, F1 "
        f"{metrics['test/f1']:.3f}, log loss {metrics['test/log_loss']:.3f} on {rows}."
    ]
    if "threshold" in metrics:
        lines.append(
            f"A tweet is called a disaster from a probability of {metrics['threshold']:.3f} on; the threshold was "
            f"chosen on the validation rows for {tags.get('threshold_for', 'accuracy')}."
        )
    lines.append("Its model card, surest mistakes, scores by slice and pictures are among the artifacts of this run.")
    return " ".join(lines)
