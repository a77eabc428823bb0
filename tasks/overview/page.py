"""The start page as a file of the state folder, where a browser and Prefect's server find it."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from models.wording import SCORE_NAMES
from tasks.html.charts import Curve, Point, curve
from tasks.html.pages import render
from tasks.overview.facts import Overview, Retraining, gather
from tasks.runtime.atomic_files import write_atomically
from tasks.runtime.state_folder import state_home
from tasks.scheduling.health import local
from tasks.scheduling.prefect_pages import START_FILE

MOST_RETRAININGS = 60


def start_page(overview: Overview, links: dict[str, str]) -> str:
    """The whole page; `links` are the addresses of other pages by name."""
    champion = overview.champion
    return render(
        "overview/start.html",
        title="crisisflow",
        subtitle=f"Which tweets report a real disaster? As of {datetime.now().astimezone():%Y-%m-%d %H:%M %Z}.",
        overview=overview,
        champion=champion,
        chart=_chart(overview.retrainings[-MOST_RETRAININGS:]),
        links=links,
        local=local,
        score_names=SCORE_NAMES,
    )


def write_start_page(mlflow: str, prefect: str | None = None) -> Path:
    """Write the page again into the state folder, with links to servers at these addresses; return its path."""
    from tasks.tracking import experiment_id
    from tasks.tracking.views import MODELS, RETRAININGS, address_of_view

    experiment = experiment_id()
    links = {
        "all retrainings": address_of_view(mlflow, experiment, RETRAININGS),
        "all models side by side": address_of_view(mlflow, experiment, MODELS),
    }
    if prefect:
        links["flows and schedules"] = prefect
    path = state_home() / START_FILE
    write_atomically(path, start_page(gather(mlflow, prefect), links))
    return path


def served_start_page(mlflow: str = "", prefect: str | None = None) -> str:
    """The page as it is now, for `crisisflow serve`: with links to its other pages, and to servers where they run."""
    links = {"ask the model": "/", "label tweets": "/label", "for programs": "/docs"}
    links |= {"runs and models": mlflow} if mlflow else {}
    links |= {"flows and schedules": prefect} if prefect else {}
    return start_page(gather(mlflow, prefect), links)


def _chart(retrainings: Sequence[Retraining]) -> Curve | None:
    """Accuracy and F1 of the chosen model by retraining; those that became champion are marked."""
    if not retrainings:
        return None
    points = [
        Point(
            f"{each.began:%m-%d %H:%M}",
            {"accuracy": each.accuracy, "F1": each.f1},
            each.promoted,
            f"{each.best}: accuracy {each.accuracy:.3f}, F1 {each.f1:.3f}{', became champion' * each.promoted}",
        )
        for each in retrainings
    ]
    return curve(points, {"accuracy": "negative", "F1": "positive"}, "retrainings")
