"""The pictures: what they say, that they draw edge cases, and that they come out the same each time."""

import io
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from models import figures
from models.figures.events import event_dots, label_curves
from models.gradients import Diagnosis, GateUse, LayerFlow
from models.metrics.slices import SliceScore

LABELS = np.array([0, 0, 0, 1, 1, 1, 1, 0])
PROBABILITIES = np.array([0.1, 0.2, 0.7, 0.8, 0.9, 0.3, 0.95, 0.4])
HISTORY = [
    {"train/loss": 0.6, "validation/log_loss": loss, "validation/accuracy": 0.8, "validation/f1": 0.7}
    for loss in (0.5, 0.4, 0.45)
]
SLICES = [
    SliceScore("with address", 10, 4, 0.5, (0.3, 0.7), 0.4, (0.2, 0.6)),
    SliceScore("keyword $5", 3, 0, 1.0, (0.6, 1.0), None, None),
]


def words_of(figure: Figure) -> str:
    """All text of a picture, drawn first so that tick labels exist."""
    figure.canvas.draw()
    return " | ".join(text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")))


def png_of(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=50, metadata={"Software": None})
    return file.getvalue()


def pictures() -> dict[str, Figure]:
    random = np.random.default_rng(0)
    vectors, words = random.normal(size=(30, 5)), [f"word{n}" for n in range(30)]
    return {
        "confusion matrix": figures.confusion_matrix(LABELS, PROBABILITIES, 0.5, "test"),
        "precision-recall": figures.precision_recall(LABELS, PROBABILITIES, 0.5, "test"),
        "reliability": figures.reliability(LABELS, PROBABILITIES),
        "reliability, before and after": figures.reliability(LABELS, PROBABILITIES, PROBABILITIES / 2),
        "slices": figures.slice_intervals(SLICES, 0.8, 0.7),
        "threshold": figures.threshold_curve(LABELS, PROBABILITIES, 0.5, "test"),
        "threshold, costs": figures.threshold_curve(LABELS, PROBABILITIES, 0.5, "test", 5),
        "learning curves": figures.learning_curves(HISTORY),
        "language curves": figures.language_curves(HISTORY),
        "comparison": figures.comparison_bars(["a", "b"], {"f1": [0.7, 0.8]}, {"f1": [(0.6, 0.75), (0.7, 0.9)]}),
        "senses": figures.sense_map("apple", [0.6, 0.4], vectors[:2], [words[2:5], words[5:9]], vectors[2:9]),
        "map, PCA": figures.vector_map(vectors, words, "pca"),
        "map, t-SNE": figures.vector_map(vectors, words, "t-sne"),
    }


def test_events_are_drawn_hardest_on_top_and_curves_start_without_labels() -> None:
    scores = {"easy-going": [0.9, 0.4, float("nan")], "other": [0.8, 0.5, float("nan")]}
    dots = event_dots(["flood", "quake", "blaze"], scores)
    named = [label.get_text() for label in dots.axes[0].get_yticklabels()]
    assert named == ["flood", "quake", "blaze"]  # from below
    curves = label_curves({"other": [(0, 0.6, (0.5, 0.7)), (50, 0.7, (0.6, 0.8))]})
    assert [label.get_text() for label in curves.axes[0].get_xticklabels()] == ["0", "50"]


def test_no_event_is_nothing_to_draw() -> None:
    with pytest.raises(ValueError, match="no events to draw"):
        event_dots([], {"model": []})
    with pytest.raises(ValueError, match="no adaptation to draw"):
        label_curves({})


def test_every_axis_of_every_picture_says_what_it_shows():
    for name, figure in pictures().items():
        for axes in figure.axes:
            assert axes.get_xlabel() or axes.get_ylabel(), name
        assert figure.axes[0].get_title(loc="left"), name


def test_the_map_repeats_byte_for_byte_and_leaves_pyplot_alone():
    assert png_of(pictures()["map, t-SNE"]) == png_of(pictures()["map, t-SNE"])
    assert plt.get_fignums() == []


def test_the_confusion_matrix_counts_rows_by_truth_and_prediction():
    text = words_of(figures.confusion_matrix(LABELS, PROBABILITIES, 0.5, "test"))
    assert "8 test tweets" in text
    assert "75.0% of true" in text
    cells = [
        part.get_text() for part in figures.confusion_matrix(LABELS, PROBABILITIES, 0.5, "test").axes[0].texts[::2]
    ]
    assert cells == ["3", "1", "1", "3"]


def test_the_threshold_picture_shows_what_a_miss_costs_against_a_false_alarm():
    figure = figures.threshold_curve(LABELS, PROBABILITIES, 0.5, "test", 5)
    assert "cost, a miss costing 5 false alarms" in words_of(figure)
    costs = figure.axes[1].lines[0].get_ydata()
    assert costs[0] == np.mean(LABELS == 0)  # all are called: the price of every false alarm
    assert costs[-1] == 5 * np.mean(LABELS == 1)
    assert "cost" not in words_of(figures.threshold_curve(LABELS, PROBABILITIES, 0.5, "test"))


def test_learning_curves_mark_the_epoch_that_was_kept():
    assert "kept: epoch 2" in words_of(figures.learning_curves(HISTORY))


def test_curves_whose_last_epoch_is_the_best_say_that_more_may_help():
    rising = [{**HISTORY[0], "validation/log_loss": loss} for loss in (0.6, 0.5)]
    assert "still falling: more epochs may help" in words_of(figures.learning_curves(rising))
    assert "still falling" not in words_of(figures.learning_curves(rising[::-1]))
    assert "still falling" not in words_of(figures.learning_curves(rising[:1]))


def test_bars_are_sorted_and_a_cut_axis_says_so():
    figure = figures.comparison_bars(["b", "a"], {"f1": [0.8, 0.7]}, {"f1": [(0.7, 0.9), (0.6, 0.75)]})
    text = words_of(figure)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["a", "b"]
    assert "axis starts at 0.55" in text
    assert "0.800" in text


def test_the_map_shows_content_words_and_labels_nearly_all_of_them():
    content = [f"word{number}" for number in range(60)]
    places = np.random.default_rng(0).normal(size=(64, 3))
    figure = figures.vector_map(places, ["the", "<url>", "n't", *content, "7"], "pca")
    written = {text.get_text() for text in figure.axes[0].texts}
    assert written <= set(content)
    assert len(written) > 50


def test_the_map_writes_words_as_they_are():
    figure = figures.vector_map(np.random.default_rng(0).normal(size=(4, 3)), ["$5", "a_b", "<url>", "x"], "pca")
    assert png_of(figure)


def test_one_class_and_few_rows_are_drawn_where_they_mean_something():
    ones, half = np.ones(3), np.full(3, 0.5)
    for draw in (figures.confusion_matrix, figures.precision_recall, figures.threshold_curve):
        assert png_of(draw(ones, half, 0.5, "test"))
    assert png_of(figures.reliability(ones, half))
    assert png_of(figures.learning_curves(HISTORY[:1]))
    assert png_of(figures.comparison_bars(["only"], {"accuracy": [0.0]}, {}))
    assert png_of(figures.precision_recall(np.zeros(3), half, 0.5, "test"))


def test_reliability_shows_the_calibration_error_before_and_after_a_temperature():
    text = words_of(figures.reliability(LABELS, PROBABILITIES, np.full(8, 0.9)))
    assert "before temperature scaling (calibration error 0.400)" in text
    assert "after it (calibration error 0.306)" in text


def test_slices_are_drawn_from_the_top_and_those_wholly_below_the_rest_say_so():
    figure = figures.slice_intervals(SLICES, accuracy=0.8, f1=0.7)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()][::-1] == [
        "with address (10)",
        "keyword $5 (3)",
    ]
    assert "wholly below that" in words_of(figure)
    assert "wholly below that" not in words_of(figures.slice_intervals(SLICES, accuracy=0.6, f1=0.5))
    assert png_of(figure)


def test_nothing_to_draw_is_refused_by_name():
    with pytest.raises(ValueError, match="no slices"):
        figures.slice_intervals([], 0.5, 0.5)
    with pytest.raises(ValueError, match="no epochs to draw"):
        figures.learning_curves([])
    with pytest.raises(ValueError, match="nothing to compare"):
        figures.comparison_bars([], {}, {})
    with pytest.raises(ValueError, match="at least 4 words"):
        figures.vector_map(np.ones((2, 2)), ["a", "b"])


def test_each_sense_is_drawn_with_its_share_and_its_neighbours():
    vectors = np.random.default_rng(0).normal(size=(6, 5))
    text = words_of(
        figures.sense_map("apple", [0.6, 0.4], vectors[:2], [["phone", "$5"], ["pear", "pie"]], vectors[2:])
    )
    assert all(part in text for part in ("“apple”", "sense 1, 60%", "sense 2, 40%", "phone", r"\$5", "pear", "pie"))


def flow(shares: list[float], name: str = "lstm", pooled: bool = False) -> LayerFlow:
    values = np.array(shares)
    return LayerFlow(name, "lstm", values, values, {"forget": GateUse(0.2, 0.5, 0.9)}, 1.0, pooled)


def test_the_flow_of_gradients_is_drawn_with_its_verdict_between_the_thresholds():
    said = words_of(figures.gradient_flow(flow([1.0, 0.1, 1e-4]), "LSTM"))
    assert "anishing" in said
    assert "forget gate alone: 0.9^k" in said
    assert "exploding: above 100" in said


def test_the_history_of_gradients_has_a_row_for_each_layer_and_one_legend_for_all():
    before, after = (Diagnosis((flow(shares), flow(shares, "lstm_2", True))) for shares in ([1.0, 1e-3], [1.0, 0.5]))
    figure = figures.gradient_history([(0, before), (1, after)], after)
    said = words_of(figure)
    assert "lstm: healthy" in said
    assert "lstm_2: healthy" in said
    assert "before training" in said
    assert len(figure.legends) == 1
    assert not any(axes.get_legend() for axes in figure.axes)


@pytest.mark.filterwarnings("error")
def test_gradients_that_overflow_throughout_are_drawn_without_a_warning():
    endless = Diagnosis((flow([np.inf, np.inf], pooled=True),))
    assert "exploding" in words_of(figures.gradient_history([(0, endless)], endless))


def test_no_epochs_of_gradients_are_refused():
    with pytest.raises(ValueError, match="at least one"):
        figures.gradient_history([], Diagnosis((flow([1.0]),)))


def test_pictures_with_a_threshold_mark_it_and_name_their_rows():
    for draw in (figures.confusion_matrix, figures.precision_recall, figures.threshold_curve):
        text = words_of(draw(LABELS, PROBABILITIES, 0.37, "validation"))
        assert "0.37" in text
        assert not re.search(r"(threshold|chosen,|probability) 0\.50", text)
        assert "8 validation tweets" in text
