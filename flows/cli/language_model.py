"""The commands of language models: train one, and draw text from it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.grouping import grouped
from flows.cli.options import ComputeOn, Corpora, Device, Seed
from flows.cli.render import models
from flows.cli.runner import AsJson, Debug, command, orchestration, show

if TYPE_CHECKING:
    from models.language.settings import LanguageSettings


class Direction(StrEnum):
    """From which end a model reads."""

    forward = "forward"
    backward = "backward"
    both = "both"


class Softmax(StrEnum):
    """Over which words the softmax goes in training."""

    full = "full"
    sampled = "sampled"


Tweets = Annotated[
    str | None,
    typer.Option("--tweets", metavar="SRC", help="Tweets, whose training rows are read.", rich_help_panel="Data"),
]
Width = Annotated[int | None, typer.Option(min=1, help="Width of a token vector.", show_default="128")]
Units = Annotated[int | None, typer.Option(min=1, help="Width of the hidden state.", show_default="256")]
Layers = Annotated[int | None, typer.Option(min=1, help="LSTM layers, one above the other.", show_default="1")]
Epochs = Annotated[int | None, typer.Option(min=1, help="Passes over the text at most.", show_default="5")]
MinCount = Annotated[int | None, typer.Option(min=1, help="Rarer words are unknown.", show_default="2")]
WhichSoftmax = Annotated[
    Softmax | None, typer.Option(help="Over all words, or a sample of them.", show_default="by the vocabulary's size")
]
WhichDirection = Annotated[Direction, typer.Option(help="Read from the start, from the end, or a network for each.")]
Tied = Annotated[bool, typer.Option("--tied", help="Score words by the vectors that they are read with.")]


@dataclass(frozen=True)
class LanguageOptions:
    """What is learned and how; what is not given is as `LanguageSettings` has it."""

    direction: WhichDirection = Direction.forward
    dimensions: Width = None
    units: Units = None
    layers: Layers = None
    tied: Tied = False
    softmax: WhichSoftmax = None
    epochs: Epochs = None
    min_count: MinCount = None

    def settings(self) -> "LanguageSettings":
        """The settings that these options ask for."""
        from models.language.settings import LanguageSettings

        both = self.direction is Direction.both
        given = {**vars(self), "directions": ("forward", "backward") if both else (self.direction.value,)}
        given |= {"softmax": self.softmax.value if self.softmax else None}
        del given["direction"]
        return LanguageSettings(**{name: value for name, value in given.items() if value is not None})


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("language-model")(grouped(language_model))
    app.command()(generate)


def language_model(
    *,
    corpus: Corpora = None,
    tweets: Tweets = None,
    options: LanguageOptions,
    seed: Seed = None,
    device: ComputeOn = Device.cpu,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Train an LSTM that says which word follows, and score it by its perplexity on documents held out.

    MLflow shows its learning curves, and texts drawn from it after each epoch. A classifier can start from its weights.

    Example: crisisflow language-model --tweets train.csv --epochs 10
    """
    with command(debug):
        from tasks.runtime import environment

        environment.use_device(device.value)
        settings = options.settings()
        with orchestration(tweets, *(corpus or ())):
            from flows import language as stage
            from flows.ingest import SAMPLE_CORPUS, TweetSource

            corpora = corpus or ([] if tweets else [str(SAMPLE_CORPUS)])
            read = TweetSource(source=tweets) if tweets else None
            result = stage.language_model(corpora, read, settings, 1 if seed is None else seed)
    show(result, as_json, models.embedded)


def generate(
    prompt: Annotated[str, typer.Argument(help="How the text begins.")] = "",
    temperature: Annotated[
        float, typer.Option(min=0, help="Below 1 safer, above 1 wilder; 0: no chance at all.")
    ] = 0.8,
    top_k: Annotated[
        int | None, typer.Option(min=1, help="Draw from so many likeliest words only.", show_default="all words")
    ] = None,
    length: Annotated[int, typer.Option(min=1, help="Words to add at most.")] = 30,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many texts.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Another one gives other texts.")] = 1,
    run_id: Annotated[
        str | None,
        typer.Option("--run", metavar="RUN_ID", help="A run that trained a language model. Default: the latest."),
    ] = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Write text, word by word, as a language model would go on; the same seed writes the same.

    Example: crisisflow generate "flood water" --temperature 0.7 --top-k 40 -n 5
    """
    with command(debug):
        from tasks.queries.text_generation import generate_texts

        result = generate_texts(run_id, prompt, count, seed, temperature, top_k, length)
    show(result, as_json, models.generated)
