"""Where everything is kept, and how it is named from outside."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from labdeck.compat.smexperiments.search_expression import SearchExpression, expression_from
from labdeck.defaults import studio
from labdeck.errors import Conflict, NotFound, UsageError
from labdeck.runs.trial import Trial as LocalTrial
from labdeck.store.process import this_process
from labdeck.wire.commands import Archive, FinishTrial, LogCapture, StartTrial
from labdeck.wire.records import Capture

if TYPE_CHECKING:
    from labdeck.compat.smexperiments.search_expression import Properties
    from labdeck.runs.experiment import Experiment as LocalExperiment
    from labdeck.store.session import Session

COMPONENTS = "Trial components"
"""The archived experiment that holds trial components."""
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,119}")
_ARN = "arn:labdeck:sagemaker:local:000000000000"

T = TypeVar("T")


def session() -> Session:
    """Return the way to the default store."""
    return studio().session


def arn(kind: str, name: str) -> str:
    """Return the name of a thing in the form that SageMaker's users know.

    Example:
        >>> arn("experiment-trial", "cnn-2")
        'arn:labdeck:sagemaker:local:000000000000:experiment-trial/cnn-2'
    """
    return f"{_ARN}:{kind}/{name}"


def name_in(reference: str) -> str:
    """Return the name that an ARN ends in; what is no ARN is a name already."""
    return reference.partition("/")[2] if reference.startswith("arn:") else reference


def unique_name(base: str) -> str:
    """Return a name made of a base, the time and chance, as SageMaker's SDK makes them."""
    when = time.strftime("%Y-%m-%d-%H%M%S", time.gmtime())
    return f"{base}-{when}-{uuid.uuid4().hex[:4]}"


def check_given_name(name: object, what: str) -> str:
    """Return a name that SageMaker would accept; UsageError, which is a ValueError, otherwise."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no {what} name to SageMaker",
            "use 1 to 120 letters, digits and hyphens, first a letter or digit",
        )
    return name


def tags_to_dict(tags: Iterable[dict[str, str]] | None) -> dict[str, str]:
    """Return SageMaker's list of Key and Value as a mapping; UsageError."""
    try:
        return {tag["Key"]: tag["Value"] for tag in tags or ()}
    except (KeyError, TypeError):
        raise UsageError("tags are not as SageMaker has them", 'write [{"Key": "team", "Value": "vision"}]') from None


def begin(experiment: LocalExperiment, name: str, taken_message: str) -> LocalTrial:
    """Make a trial that has ended at once: its components carry the states; Conflict if there is one of that name."""
    with suppress(NotFound):
        experiment.find(name)
        raise Conflict(taken_message, "load it, or choose another name")
    trial = LocalTrial(experiment, _new_id(), name, recorded=True)
    now = time.time()
    home = experiment.id
    experiment.session.post(
        StartTrial(
            id=trial.id,
            experiment=experiment.name,
            experiment_id=home,
            new_experiment_id=home,
            name=name,
            started=now,
            writer=this_process(),
        ),
        FinishTrial(id=trial.id, state="completed", ended=now),
    )
    return trial


def _new_id() -> str:
    from labdeck.store.ids import new_id

    return new_id()


def components_home() -> LocalExperiment:
    """Return the experiment that holds trial components; it is archived, so lists leave it out."""
    home = studio().experiment(COMPONENTS)
    if not home.record().archived:
        home.session.catalog.apply([Archive(ids=(home.id,))])
    return home


def read_sheet(trial: LocalTrial, kind: str) -> dict[str, Any]:
    """Return what this API keeps with a trial beside what Labdeck has a place for."""
    for capture in trial.detail().captures:
        if capture.kind == kind:
            return capture.body
    return {}


def write_sheet(trial: LocalTrial, kind: str, body: dict[str, Any]) -> None:
    """Replace what `read_sheet` returns."""
    session().post(LogCapture(trial_id=trial.id, capture=Capture(kind=kind, body=body)))


_PARTS = "sagemaker-trial"


def components_of(trial: LocalTrial) -> dict[str, str]:
    """Return the components of a trial: ids to what they are called there."""
    return dict(read_sheet(trial, _PARTS).get("components") or {})


def set_components(trial: LocalTrial, components: dict[str, str]) -> None:
    """Replace what `components_of` returns."""
    write_sheet(trial, _PARTS, {"components": components})


class Searchable(Protocol):
    """What a search expression can judge."""

    def properties(self) -> Properties:
        """Return what searches compare, names in lower case."""


S = TypeVar("S", bound=Searchable)


def search(
    things: Iterable[S],
    expression: SearchExpression | Mapping[str, Any] | None,
    sort_by: str,
    sort_order: str | None,
    max_results: int | None,
) -> Iterator[S]:
    """Yield what fulfils an expression, sorted by a property (what lacks it last), newest first by default."""
    wanted = expression_from(expression)
    known = [(thing, properties) for thing in things if _fits(properties := thing.properties(), wanted)]
    have = [pair for pair in known if _sortable(pair[1].get(sort_by.casefold()))]
    rest = [thing for thing, properties in known if not _sortable(properties.get(sort_by.casefold()))]
    have.sort(key=lambda pair: _sort_key(pair[1][sort_by.casefold()]), reverse=sort_order != "Ascending")
    yield from [*(thing for thing, _ in have), *rest][:max_results]


def _fits(properties: Properties, wanted: SearchExpression | None) -> bool:
    return wanted is None or wanted.matches(properties)


def _sortable(value: Any) -> bool:
    return value is not None and value == value  # noqa: PLR0124 - NaN is not equal to itself


def _sort_key(value: Any) -> tuple[int, Any]:
    """Keep numbers, times and text apart: they cannot be compared with each other."""
    if isinstance(value, datetime):
        return (1, value)
    return (0, value) if isinstance(value, (int, float)) else (2, str(value))


def in_order(
    found: Iterable[T],
    *,
    created: Any,
    name: Any,
    created_before: datetime | None,
    created_after: datetime | None,
    sort_by: str | None,
    sort_order: str | None,
) -> Iterator[T]:
    """Yield things as SageMaker lists them: within the times, by "CreationTime" (default) or "Name", newest first."""
    if sort_by not in (None, "Name", "CreationTime"):
        raise UsageError(f"sort_by is {sort_by!r}", 'write "Name" or "CreationTime"')
    if sort_order not in (None, "Ascending", "Descending"):
        raise UsageError(f"sort_order is {sort_order!r}", 'write "Ascending" or "Descending"')
    chosen = [
        one
        for one in found
        if (created_before is None or created(one) <= created_before)
        and (created_after is None or created(one) >= created_after)
    ]
    yield from sorted(chosen, key=name if sort_by == "Name" else created, reverse=sort_order != "Ascending")
