"""Policies of a desk: when it retrains, whom it asks for labels of what, and whether the gate decides."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from models.settings import Settings

GATES = {"better": "", "not worse": ", if not worse", "none": ", no gate"}


class Policy(Settings):
    """One way to keep a model in use."""

    retrain: Literal["never", "on drift", "nightly"] = Field(..., description="When a challenger is trained.")
    labels: Literal["none", "chosen", "random"] = Field(
        "none", description="Which tweets of the night people are asked about: those that the queue chooses, or any."
    )
    times: int = Field(1, ge=1, description="So many times the budget of labels.")
    gate: Literal["better", "not worse", "none"] = Field(
        "better", description="What a challenger must show at the gate; without a gate it is always put in use."
    )

    @property
    def name(self) -> str:
        """As tables show it.

        >>> Policy(retrain="nightly", labels="random", times=3, gate="none").name
        'nightly, 3 x random labels, no gate'
        """
        if self.retrain == "never":
            return "never retrained"
        times = f"{self.times} x " if self.times > 1 else ""
        return f"{self.retrain}, {times}{self.labels} labels{GATES[self.gate]}"

    def differences(self, other: "Policy") -> int:
        """In how many respects it differs from another one: when, which labels, the gate."""
        mine, its = (((each.labels, each.times), each.retrain, each.gate) for each in (self, other))
        return sum(one != two for one, two in zip(mine, its, strict=True))


# Without the gate it shows what labels are worth; with it, what comes of them.
POLICIES = {
    policy.name: policy
    for policy in (
        Policy(retrain="never"),
        Policy(retrain="on drift", labels="chosen"),
        Policy(retrain="nightly", labels="chosen"),
        Policy(retrain="nightly", labels="random"),
        Policy(retrain="nightly", labels="random", times=3),
        Policy(retrain="nightly", labels="chosen", gate="not worse"),
        Policy(retrain="nightly", labels="random", gate="not worse"),
        Policy(retrain="nightly", labels="chosen", gate="none"),
        Policy(retrain="nightly", labels="random", gate="none"),
        Policy(retrain="nightly", labels="random", times=3, gate="none"),
    )
}


def compared(names: Sequence[str]) -> list[tuple[str, str]]:
    """Which policies are compared with which: each with the first one, and with those that differ in one respect.

    >>> compared(["never retrained", "nightly, chosen labels", "nightly, random labels"])[2]
    ('nightly, random labels', 'nightly, chosen labels')
    """
    return [
        (name, other)
        for place, name in enumerate(names)
        for other in names[:place]
        if other == names[0] or POLICIES[name].differences(POLICIES[other]) == 1
    ]
