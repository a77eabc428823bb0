"""Deployments: what prefect.yaml says, registered by Prefect's own command; and what people add to it."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field, ValidationError, model_validator

from flows.champion_data import absolute
from models.settings import Settings
from tasks import sources
from tasks.monitoring.need import TRIGGERS, Trigger
from tasks.recipes import load_recipe
from tasks.runtime import servers
from tasks.runtime.redaction import SECRET_VARIABLE
from tasks.scheduling import timetable
from tasks.scheduling.deployments import FILE
from tasks.scheduling.timetable import Timing
from tasks.scheduling.worker import POOL, RETRAINING, ROOT
from tasks.sources.columns import ColumnMap
from tasks.store.outputs import Outputs

What = Literal["retrain", "ingest", "score"]
OPTIONS: dict[What, tuple[str, ...]] = {
    "retrain": ("source", "corpora", "labelled_texts", "kinds", "kinds_columns", "vectors", "recipe", "when"),
    "ingest": ("source",),
    "score": ("source", "out", "model"),
}
SPELT = {"corpora": "corpus", "labelled_texts": "pretrain-on", "kinds_columns": "kinds-column"}


class FurtherTexts(NamedTuple):
    """What a retraining learns from beside tweets and corpora, and which columns of it."""

    labelled_texts: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    kinds_columns: tuple[str, ...] = ()
    vectors: str | None = None

    def fields(self) -> dict[str, Any]:
        """The fields of a request that are given; paths made absolute."""
        found: dict[str, Any] = {
            "labelled_texts": [absolute(each) for each in self.labelled_texts],
            "kinds": [absolute(each) for each in self.kinds],
            "kinds_columns": list(self.kinds_columns),
            "vectors": self.vectors and absolute(self.vectors),
        }
        return {name: value for name, value in found.items() if value}


NO_TEXTS = FurtherTexts()


class Reading(Settings):
    """How tweets are to be read."""

    columns: ColumnMap = ColumnMap()
    encoding: str | None = None

    def fields(self) -> dict[str, Any]:
        """The fields of a request, what is as usual left out."""
        columns = self.columns.model_dump(exclude_defaults=True, mode="json")
        return {name: value for name, value in {"columns": columns, "encoding": self.encoding}.items() if value}


class Addition(Reading):
    """A schedule to add: what runs, on what, and when. Everything is checked now, not at three in the morning."""

    what: What
    name: str = Field(pattern=r"^\w[\w.-]{0,99}$")
    timing: Timing
    source: str | None = None
    corpora: tuple[str, ...] = ()
    labelled_texts: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    kinds_columns: tuple[str, ...] = ()
    vectors: str | None = None
    when: tuple[Trigger, ...] = ()
    recipe: str | None = None
    out: str | None = None
    model: str | None = None

    @model_validator(mode="after")
    def make_sense(self) -> "Addition":
        """Raise ValueError for what this kind of run does not take, and for files and recipes that are not there."""
        for name in dict.fromkeys(name for names in OPTIONS.values() for name in names):
            if getattr(self, name) and name not in OPTIONS[self.what]:
                option = SPELT.get(name, name)
                takers = " and ".join(what for what, options in OPTIONS.items() if name in options)
                raise ValueError(f"--{option} is not valid for {self.what}: it is for {takers}")
        self._refuse_label_flags()
        if self.what == "retrain":
            refuse_reading_nothing(self.source, self, "--source")
        for source in filter(None, (self.source, self.vectors, *self.corpora, *self.labelled_texts, *self.kinds)):
            _check_source(source, watched=self.what != "retrain")
        if self.recipe:
            load_recipe(self.recipe)
        if self.out and self.source and Path(self.source).expanduser().is_dir():
            Outputs((Path(self.source).expanduser(),)).check(Path(self.out) / "any.parquet")
        return self

    def _refuse_label_flags(self) -> None:
        """Raise ValueError for flags of labels where none are read."""
        labels = {"label": "--label-column", "positive": "--positive-label", "negative": "--negative-label"}
        labels["classes"] = "--label-class"
        given = next((flag for name, flag in labels.items() if getattr(self.columns, name)), None)
        if self.what == "score" and given:
            raise ValueError(f"{given} is not valid for score: it is for retrain and ingest")

    def parameters(self) -> dict[str, Any]:
        """What its runs are called with; paths made absolute, for they start in another folder."""
        if self.what == "retrain":
            texts = FurtherTexts(self.labelled_texts, self.kinds, self.kinds_columns, self.vectors)
            fields = retrain_fields(self.source, self.corpora, self.recipe, self, texts)
            return {"request": {"when": list(self.when), "retraining": fields} if self.when else fields}
        fields = {"source": self.source and absolute(self.source), "out": self.out and str(Path(self.out).resolve())}
        given = {name: value for name, value in (fields | {"model": self.model}).items() if value}
        return {"request": given | self.fields()}


def addition_of(what: str, name: str | None, when: Timing, options: Mapping[str, Any]) -> Addition:
    """What a command line asks to add. Raises ValueError, in one sentence, when it cannot be."""
    called_for = f" on {' and '.join(options['when'])}" if options.get("when") else ""
    words = re.findall(r"\w+", f"{what}{called_for} {timetable.in_words(when.to_prefect())}")
    given = {"what": what, "name": name or "-".join(words)[:100], "timing": when}
    try:
        return Addition(**given, **options)
    except ValidationError as error:
        fault = error.errors()[0]
        if fault["loc"] == ("what",):
            raise ValueError(f"cannot schedule {what!r}: it is retrain, ingest or score") from None
        if fault["loc"] == ("name",):
            raise ValueError(f"no name for a schedule: {name!r}; use letters, digits, . _ and -") from None
        if fault["loc"][:1] == ("when",):
            raise ValueError(f"nothing calls for a retraining by the name {fault['input']!r}: {TRIGGERS}") from None
        raise ValueError(str(fault["msg"]).removeprefix("Value error, ")) from None


def _check_source(source: str, watched: bool) -> None:
    """Raise ValueError for a local source that does not exist, and for an address with a secret in it."""
    if f"${{{SECRET_VARIABLE}" in source:  # what was typed has been moved to this process's environment
        raise ValueError(
            "the address holds a password or token, which a later `crisisflow up` could not know: set it as an "
            "environment variable before `crisisflow up`, and write ${NAME} in its place"
        )
    waiting = watched and Path(source).expanduser().is_dir()  # for its first file
    if "${" not in source and not waiting:
        sources.check_source(source)


def refuse_reading_nothing(tweets: str | None, reading: Reading, option: str) -> None:
    """Raise ValueError for flags of reading without the tweets that they are about, which this option names."""
    if not tweets and reading.fields():
        raise ValueError(
            f"flags of columns and of the form of a table need {option}: without it the champion's tweets are read as "
            "they were"
        )


def retrain_fields(
    tweets: str | None,
    corpora: tuple[str, ...],
    recipe: str | None,
    reading: Reading,
    texts: FurtherTexts = NO_TEXTS,
) -> dict[str, Any]:
    """The fields of a retraining's request that these options name."""
    fields: dict[str, Any] = {}
    if tweets:
        fields["tweets"] = {"source": absolute(tweets)} | reading.fields()
    if tweets or corpora:  # corpora of other tweets are not to be read beside these
        fields["corpora"] = [absolute(corpus) for corpus in corpora]
    fields |= texts.fields()
    if recipe:
        fields["recipe"] = absolute(recipe) if recipe.endswith(".toml") else recipe
    return fields


def start_registering(api_url: str) -> servers.Server:
    """Start Prefect's own `prefect deploy --all` over prefect.yaml: so both ways register the same thing."""
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(FILE)]
    environment = {"PREFECT_API_URL": api_url}
    return servers.start_process("deploy", command, api_url, "/health", environment, folder=ROOT)


def finish_registering(deploying: servers.Server) -> None:
    """Wait for it. Raises RuntimeError with the end of what it said when it fails."""
    try:
        failed = deploying.process.wait(servers.START_TIMEOUT_SECONDS) != 0
    except subprocess.TimeoutExpired:
        failed = True
    if failed:
        deploying.stop()
        said = deploying.log.read_text(errors="replace").strip().splitlines()[-3:]
        raise RuntimeError(f"{FILE} could not be registered: {' '.join(said)} (log: {deploying.log})")


def add(addition: Addition) -> None:
    """Register a schedule of one's own; it lives in Prefect's database until it is removed."""
    from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
    from prefect.schedules import Cron, Interval
    from prefect.types.entrypoint import EntrypointType

    when = addition.timing
    schedule = Interval(when.every_seconds) if when.every_seconds else Cron(str(when.cron), timezone=when.timezone)
    deployment = _flow_of(addition).to_deployment(
        name=addition.name,
        schedules=[schedule],
        parameters=addition.parameters(),
        tags=[addition.what, "added"],
        work_pool_name=POOL,
        work_queue_name=RETRAINING if addition.what == "retrain" else "default",
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    deployment.apply()


def _flow_of(addition: Addition) -> Any:
    if addition.when:
        from flows.on_need import retrain_on_need

        return retrain_on_need
    if addition.what == "retrain":
        from flows.retrain import retrain

        return retrain
    from flows import watch

    return watch.ingest_new if addition.what == "ingest" else watch.score_new
