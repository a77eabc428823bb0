"""The decision on a challenger as a page: why it was promoted or refused, and what these rows could have shown."""

from models.gate import Gain, SliceLoss, Verdict, selection_bias
from tasks.html.elements import count, escape, section, share, table, tile
from tasks.html.page import page
from tasks.registry import Decision, Incumbent

SCORES = {"accuracy": "accuracy", "f1": "F1", "log_loss": "log loss", "ece": "calibration error (ECE)"}
WIDTH, HEIGHT = 260, 18


def gate_page(challenger: str, decision: Decision) -> str:
    """The whole page. Raises ValueError of a decision that the gate did not judge."""
    verdict, incumbent = decision.verdict, decision.incumbent
    if verdict is None:
        raise ValueError(f"nothing was judged: {decision.reason}")
    title = f"{challenger} {'is champion' if decision.promoted else 'is refused'}"
    return page(
        title,
        f"Registered as version {decision.version}: {decision.reason}.",
        _overview(verdict, decision.promoted),
        _rules(verdict),
        _disagreement(verdict.gain) if verdict.gain else "",
        _sources(verdict),
        _scores(verdict),
        _slices(verdict.slices),
        _reuse(verdict.gain, incumbent) if verdict.gain and incumbent else "",
    )


def _overview(verdict: Verdict, promoted: bool) -> str:
    kept = sum(rule.kept for rule in verdict.rules)
    tiles = [
        tile(
            "promoted" if promoted else "refused",
            f"{kept} of {len(verdict.rules)} rules kept",
            "kept" if promoted else "gone",
        )
    ]
    if gain := verdict.gain:
        low, high = gain.interval
        tiles += [
            tile(_points(gain.value), f"accuracy gained, 95 % of resamples {_points(low)} to {_points(high)}"),
            tile(f"{gain.p:.3f}", "one-sided p"),
            _would_show(gain),
        ]
    if verdict.service and not verdict.service.failure:
        tiles.append(tile(f"{verdict.service.milliseconds:.0f} ms", "for one tweet alone"))
    return f"<div class='tiles'>{''.join(tiles)}</div>"


def _would_show(gain: Gain) -> str:
    if gain.detectable is None:
        return tile("too few rows", f"to tell: no gain that is possible on {count(gain.rows)} would have shown")
    return tile(f"{100 * gain.detectable:.1f}", f"points would have shown on {count(gain.rows)} rows")


def _rules(verdict: Verdict) -> str:
    rows = [
        [f"<b>{escape(rule.name)}</b>", "kept" if rule.kept else "<b>broken</b>", escape(rule.finding)]
        for rule in verdict.rules
    ]
    return section(
        "Rules",
        "A challenger is promoted when it keeps all of them. Where nothing can be compared, it must be served rightly.",
        f"<p>The champion does not answer: {escape(verdict.silent)}</p>" if verdict.silent else "",
        table(["rule", "result", "finding"], rows),
    )


def _disagreement(gain: Gain) -> str:
    differing = gain.only_challenger + gain.only_champion
    rows = [
        ["only the challenger is right", count(gain.only_challenger), share(gain.only_challenger, gain.rows)],
        ["only the champion is right", count(gain.only_champion), share(gain.only_champion, gain.rows)],
        ["both right or both wrong", count(gain.rows - differing), share(gain.rows - differing, gain.rows)],
    ]
    return section(
        "Where they differ",
        f"On {count(gain.rows)} test rows in {count(gain.groups)} groups, near-duplicates together. McNemar's test of "
        f"the rows gives p {gain.p_mcnemar:.4f} (mid-p), the bootstrap of the groups {gain.p_bootstrap:.4f}. The "
        "larger decides.",
        table(["", "rows", "of all"], rows, 2),
    )


def _sources(verdict: Verdict) -> str:
    if not verdict.relation:
        return ""
    rows = [
        [escape(each.name), count(each.rows), *(f"{value:.4f}" for value in (*each.accuracy, *each.f1))]
        for each in verdict.sources
    ]
    heads = ["held-out rows of", "rows", "accuracy, champion", "challenger", "F1, champion", "challenger"]
    return section(
        "Two sources of tweets",
        "The challenger learned from other tweets than the champion. Of both, only those rows count that both models "
        "held out by their split settings.",
        f"<p>{escape(verdict.relation[:1].upper() + verdict.relation[1:])}.</p>",
        table(heads, rows, 5) if rows else "",
    )


def _scores(verdict: Verdict) -> str:
    rows = [
        [escape(SCORES[name]), f"{old:.4f}", f"{new:.4f}", f"{new - old:+.4f}"]
        for name, (old, new) in verdict.scores.items()
    ]
    lead = "On the same rows, as the logged models answer, each at its own threshold."
    return section("Scores", lead, table(["", "champion", "challenger", "change"], rows, 3) if rows else "")


def _slices(losses: tuple[SliceLoss, ...]) -> str:
    scale = max((max(abs(each.gain), abs(each.highest)) for each in losses if each.judged), default=0.0) or 1.0
    rows = [
        [
            f"<b>{escape(each.name)}</b>" if each.harmed else escape(each.name),
            _whisker(each, scale),
            count(each.rows),
            f"{each.champion:.3f}",
            f"{each.challenger:.3f}",
            _points(each.gain),
            _points(-each.detectable) if each.judged and each.detectable is not None else "too few rows",
        ]
        for each in losses
    ]
    return section(
        "Slices",
        "Dot: accuracy gained or lost; line: up to the highest gain that is credible, all slices together; upright: "
        "none. A slice is harmed when even that is a loss past the margin. The last column is the loss that would have "
        "been seen nine times out of ten.",
        table(["slice", "", "rows", "champion", "challenger", "gain", "would show"], rows, 5) if rows else "",
    )


def _whisker(each: SliceLoss, scale: float) -> str:
    """Gain and highest credible gain of a slice on a common scale."""

    def x(value: float) -> float:
        return WIDTH / 2 * (1 + max(-1.0, min(1.0, value / scale)) * 0.95)

    kind = "positive" if each.harmed else "negative" if each.judged else "none"
    middle, dot, end = HEIGHT / 2, x(each.gain), x(each.highest)
    return (
        f"<svg viewBox='0 0 {WIDTH} {HEIGHT}' role='img' aria-label='{escape(each.name)}: {_points(each.gain)} points'>"
        f"<line class='grid' x1='{x(0):.1f}' x2='{x(0):.1f}' y1='0' y2='{HEIGHT}'/>"
        f"<line class='axis' x1='{dot:.1f}' x2='{end:.1f}' y1='{middle}' y2='{middle}'/>"
        f"<circle class='area {kind}' style='fill-opacity:1' cx='{dot:.1f}' cy='{middle}' r='3.5'/></svg>"
    )


def _reuse(gain: Gain, incumbent: Incumbent) -> str:
    bias = selection_bias(gain.error, incumbent.challenges)
    text = (
        f"{count(incumbent.challenges)} challengers were compared on such rows so far, this one included. Each time "
        "an equal is promoted no more often than the level says. But a champion has won on these rows, and its own "
        f"scores on them flatter it: accuracy by {100 * bias:.1f} points on average at the very most, were all equally "
        "good. Models that were not compared yet have scores that flatter nobody. New tweets bring fresh rows."
    )
    return section("What asking the same rows again costs", "", f"<p>{text}</p>")


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"
