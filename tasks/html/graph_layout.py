"""Where the boxes of a graph go: layers from top to bottom, and in each an order in which few lines cross.

The method of Sugiyama, Tagawa and Toda (1981): the layer of a node is below those of its parents; edges that
pass a layer hold a lane there; each layer is ordered by where the neighbours of its nodes stand (barycentres). A layer
takes so many nodes and no more (Coffman and Graham 1972), so that a picture stays as wide as a page.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import count, pairwise
from typing import NamedTuple, TypeAlias

SWEEPS = 12
MOST_IN_LAYER = 5


class Lane(NamedTuple):
    """The place in a layer of the edges from one node that pass through it, together, to nodes further down."""

    start: str
    layer: int


Place: TypeAlias = str | Lane
Parents: TypeAlias = Mapping[str, Sequence[str]]


def layer_numbers(parents: Parents) -> dict[str, int]:
    """The layer of every node: the first below all its parents that has room. The graph must have no cycle."""
    numbers: dict[str, int] = {}
    taken: Counter[int] = Counter()
    for node in in_order(parents):
        lowest = 1 + max((numbers[parent] for parent in parents[node]), default=-1)
        numbers[node] = next(layer for layer in count(lowest) if taken[layer] < MOST_IN_LAYER)
        taken[numbers[node]] += 1
    return numbers


def in_order(parents: Parents) -> list[str]:
    """The nodes, parents before children."""
    placed: dict[str, None] = {}
    while len(placed) < len(parents):
        ready = [node for node in parents if node not in placed and all(each in placed for each in parents[node])]
        if not ready:
            raise ValueError(f"the graph has a cycle among {[node for node in parents if node not in placed]}")
        placed |= dict.fromkeys(ready)
    return list(placed)


def paths(parents: Parents) -> list[list[Place]]:
    """Every edge as the chain parent, lanes, child."""
    numbers = layer_numbers(parents)
    return [
        [parent, *(Lane(parent, layer) for layer in range(numbers[parent] + 1, numbers[node])), node]
        for node in parents
        for parent in parents[node]
    ]


def ordered_layers(parents: Parents) -> list[list[Place]]:
    """The nodes and lanes of every layer from left to right."""
    numbers = layer_numbers(parents)
    layers: list[list[Place]] = [[] for _ in range(max(numbers.values(), default=-1) + 1)]
    for node in in_order(parents):
        layers[numbers[node]].append(node)
    above: dict[Place, list[Place]] = {}
    below: dict[Place, list[Place]] = {}
    for path in paths(parents):
        for place in path:
            if isinstance(place, Lane) and place not in layers[place.layer]:
                layers[place.layer].append(place)
        for start, end in pairwise(path):
            above.setdefault(end, []).append(start)
            below.setdefault(start, []).append(end)
    for sweep in range(SWEEPS):
        downwards = sweep % 2 == 0
        for fixed, moved in _neighbouring(layers, downwards):
            _order(moved, fixed, above if downwards else below)
    return layers


def _neighbouring(layers: list[list[Place]], downwards: bool) -> list[tuple[list[Place], list[Place]]]:
    """Pairs of a layer that stays and the next one, which is put in order."""
    run = layers if downwards else layers[::-1]
    return list(pairwise(run))


def _order(moved: list[Place], fixed: list[Place], neighbours: Mapping[Place, list[Place]]) -> None:
    """Sort a layer in place by the mean place of its nodes' neighbours; who has none stays where it is."""
    places = {node: (place + 0.5) / len(fixed) for place, node in enumerate(fixed)}
    own = {node: (place + 0.5) / len(moved) for place, node in enumerate(moved)}

    def barycentre(node: Place) -> float:
        found = [places[each] for each in neighbours.get(node, ())]
        return sum(found) / len(found) if found else own[node]

    moved.sort(key=barycentre)
