"""Where the boxes and lines of a graph go, from top to bottom; the kit draws them."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from tasks.html.graph_layout import Lane, Parents, Place, ordered_layers, paths

BOX_WIDTH, LANE_WIDTH, GAP_ACROSS, GAP_DOWN = 226, 12, 20, 48
TITLE_HEIGHT, LINE_HEIGHT, PADDING = 17, 16, 10
CHARACTERS = 33  # that a line of a box has room for
SETTLING_ROUNDS = 30


@dataclass(frozen=True)
class Box:
    """What a node shows: a title, a line or two of facts, a small print, and the class that colours it."""

    title: str
    lines: tuple[str, ...] = ()
    small: str = ""
    kind: str = ""
    hover: str = ""

    @property
    def height(self) -> int:
        """Room that all lines need."""
        return 2 * PADDING + TITLE_HEIGHT + LINE_HEIGHT * (len(self.lines) + bool(self.small))


@dataclass(frozen=True)
class Placed:
    """A box in its place: left upper corner, size, and its lines of text as (class, y, text)."""

    x: float
    y: float
    width: int
    height: int
    kind: str
    hover: str
    texts: list[tuple[str, float, str]]


@dataclass(frozen=True)
class Drawing:
    """A graph in pixels: what is in view (left, top, width, height), the paths of its lines, its boxes."""

    view: tuple[int, int, int, int]
    lines: list[str]
    boxes: list[Placed]


def draw(boxes: Mapping[str, Box], parents: Parents) -> Drawing:
    """A box for every node, a line from each parent to it, layer below layer."""
    layers = ordered_layers(parents)
    centres = _centres(layers, parents)
    heights = [
        max((boxes[str(node)].height for node in layer if not isinstance(node, Lane)), default=0) for layer in layers
    ]
    tops = [sum(heights[:number]) + GAP_DOWN * number for number in range(len(layers))]
    edges = {
        node: (tops[number], tops[number] + heights[number]) for number, layer in enumerate(layers) for node in layer
    }
    left = min(centres.values()) - BOX_WIDTH / 2
    width = max(centres.values()) - left + BOX_WIDTH / 2
    return Drawing(
        (round(left) - 2, -2, round(width) + 4, tops[-1] + heights[-1] + 4),
        [_line(path, centres, edges, boxes) for path in paths(parents)],
        [_placed(boxes[node], centres[node], edges[node][0]) for node in parents],
    )


def _centres(layers: list[list[Place]], parents: Parents) -> dict[Place, float]:
    """Where each node stands across: near its neighbours, in the layer's order, with a gap between boxes."""
    neighbours: dict[Place, list[Place]] = {}
    for path in paths(parents):
        for start, end in pairwise(path):
            neighbours.setdefault(start, []).append(end)
            neighbours.setdefault(end, []).append(start)
    centres: dict[Place, float] = {}
    for layer in layers:
        centres |= _spread(layer, dict.fromkeys(layer, 0.0))
    for _ in range(SETTLING_ROUNDS):
        for layer in (*layers, *reversed(layers)):
            wished = {}
            for node in layer:
                around = [centres[each] for each in neighbours.get(node, ())] or [centres[node]]
                wished[node] = sum(around) / len(around)
            centres |= _spread(layer, wished)
    return centres


def _spread(layer: list[Place], wished: Mapping[Place, float]) -> dict[Place, float]:
    """The wished places, moved apart as far as the gaps demand and no further: pools of neighbours that would overlap.

    Least squares under the order, by pooling adjacent violators.
    """
    offsets, offset = [], 0.0
    for before, node in zip([None, *layer], layer, strict=False):
        offset += (_width(before) + _width(node)) / 2 + GAP_ACROSS if before is not None else 0.0
        offsets.append(offset)
    pools: list[list[float]] = []  # mean of wished place less offset, number of nodes
    for node, shift in zip(layer, offsets, strict=True):
        pools.append([wished[node] - shift, 1])
        while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
            mean, count = pools.pop()
            pools[-1] = [(pools[-1][0] * pools[-1][1] + mean * count) / (pools[-1][1] + count), pools[-1][1] + count]
    settled = [mean for mean, count in pools for _ in range(int(count))]
    return {node: base + shift for node, base, shift in zip(layer, settled, offsets, strict=True)}


def _width(node: Place) -> int:
    return LANE_WIDTH if isinstance(node, Lane) else BOX_WIDTH


def _line(
    path: list[Place],
    centres: Mapping[Place, float],
    edges: Mapping[Place, tuple[float, float]],
    boxes: Mapping[str, Box],
) -> str:
    """A curve from the lower edge of a box to the upper edge of another, straight through the lanes between."""
    drawn = f"M{centres[path[0]]:.1f},{edges[path[0]][0] + boxes[str(path[0])].height:.1f}"
    bottom = edges[path[0]][0] + boxes[str(path[0])].height
    for before, node in pairwise(path):
        top, middle = edges[node][0], (bottom + edges[node][0]) / 2
        x = centres[node]
        drawn += f"C{centres[before]:.1f},{middle:.1f} {x:.1f},{middle:.1f} {x:.1f},{top:.1f}"
        bottom = edges[node][1]
        drawn += f"L{x:.1f},{bottom:.1f}" if isinstance(node, Lane) else ""
    return drawn


def _placed(box: Box, centre: float, top: float) -> Placed:
    y = top + PADDING + TITLE_HEIGHT - 4
    texts = [("title", y, _short(box.title))]
    for text, kind in (*((line, "fact") for line in box.lines), *([(box.small, "small")] if box.small else ())):
        y += LINE_HEIGHT
        texts.append((kind, y, _short(text)))
    left = round(centre - BOX_WIDTH / 2, 1)
    return Placed(left, top, BOX_WIDTH, box.height, box.kind, box.hover or box.title, texts)


def _short(text: str) -> str:
    return text if len(text) <= CHARACTERS else text[: CHARACTERS - 1] + "…"
