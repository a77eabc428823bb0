"""The decision on a challenger as a page: why it was promoted or refused, and what these rows could have shown."""

from models.gate import selection_bias
from models.wording import score_names
from tasks.html.pages import render
from tasks.registry import Decision


def gate_page(challenger: str, decision: Decision) -> str:
    """The whole page. Raises ValueError of a decision that the gate did not judge."""
    verdict, incumbent = decision.verdict, decision.incumbent
    if verdict is None:
        raise ValueError(f"nothing was judged: {decision.reason}")
    widest = max((abs(end) for each in verdict.slices if each.judged for end in (each.gain, each.highest)), default=0.0)
    return render(
        "registry/gate.html",
        title=f"{challenger} {'is champion' if decision.promoted else 'is refused'}",
        subtitle=f"Registered as version {decision.version}: {decision.reason}.",
        verdict=verdict,
        promoted=decision.promoted,
        kept=sum(rule.kept for rule in verdict.rules),
        score_names=score_names(several=bool(verdict.gain and verdict.gain.score != "accuracy")),
        widest=widest or 1.0,
        challenges=incumbent.challenges if incumbent else None,
        bias=selection_bias(verdict.gain.error, incumbent.challenges) if verdict.gain and incumbent else None,
    )
