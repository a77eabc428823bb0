"""A graph as a picture: every box in its layer, none over another, every edge from parent to child."""

import pytest

from tasks.html.graph_drawing import BOX_WIDTH, Box, Drawing, draw
from tasks.html.graph_layout import MOST_IN_LAYER, Lane, layer_numbers, ordered_layers, paths
from tasks.html.pages import PAGES

# Two sources; the table goes to the tokens, past them to the vocabulary, and past both to the model.
PARENTS = {
    "raw": [],
    "corpus": [],
    "table": ["raw"],
    "tokens": ["table"],
    "vectors": ["tokens", "corpus"],
    "vocabulary": ["tokens", "table"],
    "model": ["vocabulary", "vectors", "table"],
}


def picture(**boxes: Box) -> Drawing:
    return draw({name: boxes.get(name, Box(name, ("a fact",), "digest")) for name in PARENTS}, PARENTS)


def test_a_node_is_one_layer_below_the_lowest_of_its_parents() -> None:
    numbers = layer_numbers(PARENTS)
    assert numbers == {"raw": 0, "corpus": 0, "table": 1, "tokens": 2, "vectors": 3, "vocabulary": 3, "model": 4}


def test_a_cycle_is_refused() -> None:
    with pytest.raises(ValueError, match="cycle"):
        layer_numbers({"egg": ["hen"], "hen": ["egg"]})


def test_an_edge_that_passes_a_layer_holds_a_lane_there_and_shares_it() -> None:
    edges = {(path[0], path[-1]): path for path in paths(PARENTS)}
    assert edges["table", "vocabulary"] == ["table", Lane("table", 2), "vocabulary"]
    assert edges["table", "model"] == ["table", Lane("table", 2), Lane("table", 3), "model"]
    assert sum(isinstance(place, Lane) for layer in ordered_layers(PARENTS) for place in layer) == 4


def test_neighbours_stand_near_one_another() -> None:
    """Two chains side by side, given crosswise, are drawn without a crossing."""
    layers = ordered_layers({"a": [], "b": [], "under b": ["b"], "under a": ["a"]})
    assert layers[1] == [f"under {name}" for name in layers[0]]


def test_no_box_lies_over_another() -> None:
    boxes = [(box.x, box.y, box.height) for box in picture().boxes]
    assert len(boxes) == len(PARENTS)
    for number, (left, top, height) in enumerate(boxes):
        for other_left, other_top, other_height in boxes[number + 1 :]:
            beside = abs(left - other_left) >= BOX_WIDTH
            assert beside or top + height <= other_top or other_top + other_height <= top


def test_every_edge_is_drawn_from_parent_to_child() -> None:
    assert len(picture().lines) == sum(map(len, PARENTS.values()))


def test_a_layer_takes_five_boxes_and_the_rest_go_below() -> None:
    """Eight models of one table stand in two rows, and what combines them is below both."""
    models = {f"model {number}": ["table"] for number in range(8)}
    numbers = layer_numbers({"table": [], **models, "ensemble": list(models)})
    assert [list(numbers.values()).count(layer) for layer in range(4)] == [1, MOST_IN_LAYER, 8 - MOST_IN_LAYER, 1]
    assert numbers["ensemble"] == 3


def test_what_a_box_says_is_text_and_nothing_else() -> None:
    drawing = picture(raw=Box("<script>alert(1)</script>", ("' onload='x",), "&", "raw", "<b>"))
    svg = str(PAGES.globals["kit"].diagram(drawing, "lineage"))
    assert "<script" not in svg
    assert "&lt;script&gt;" in svg
    assert "onload='x" not in svg


def test_a_long_line_is_cut() -> None:
    texts = [text for box in picture(raw=Box("x" * 100)).boxes for _, _, text in box.texts]
    assert any(text.endswith("…") for text in texts)
    assert max(map(len, texts)) < 40
