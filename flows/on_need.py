"""Retrain on need: look for a reason, and retrain where there is one and the last retraining is long enough ago."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field

from flows.champion_data import champion_data
from flows.names import scheduled_name
from flows.retrain import RetrainRequest, retrain
from models.settings import Settings
from tasks.monitoring import need

NO_NEED, NOT_YET = "No need", "Not yet"


class NeedRequest(Settings):
    """What calls for a retraining, and what it is to be."""

    when: tuple[need.Trigger, ...] = Field(min_length=1, description=f"What calls for one: {need.TRIGGERS}.")
    least_hours: float = Field(24.0, ge=0, description="Between the beginnings of two retrainings.")
    retraining: RetrainRequest = RetrainRequest()


@flow(name="retrain on need", flow_run_name=scheduled_name)
def retrain_on_need(request: NeedRequest) -> dict[str, Any] | State[Any]:
    """Retrain if anything has happened that calls for it; the reason stands on the run, as its tag `trigger`.

    Never while another retraining runs, and not before `least_hours` have gone by since the last one began, by whom
    ever; `crisisflow retrain` asks for neither.
    """
    source = (request.retraining.tweets or champion_data().tweets).source
    last = need.last_retraining()
    reasons = need.find_reasons(request.when, source, last)
    if not reasons:
        return Completed(name=NO_NEED, message=f"Nothing calls for a retraining: {', '.join(request.when)} looked at.")
    words = "; ".join(reasons)
    if (hindrance := need.why_not_now(last, request.least_hours)) is not None:
        return Completed(name=NOT_YET, message=f"Called for: {words}. But {hindrance}.", data={"reason": words})
    return retrain(request.retraining.model_copy(update={"trigger": words}))
