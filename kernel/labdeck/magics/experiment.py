"""`%experiment`: make, choose, look at, compare and annotate experiments and trials."""

from __future__ import annotations

import html
import time
from typing import TYPE_CHECKING, Any

import msgspec

from labdeck.errors import UsageError
from labdeck.magics import querying
from labdeck.magics.cells import Body
from labdeck.magics.context import Deleted
from labdeck.magics.names import (
    all_names,
    deletable_names,
    experiment_names,
    metric_names,
    parameter_names,
    resumable_names,
    tag_keys,
    trial_names,
)
from labdeck.magics.verbs import Argument, Flag, Noun, offer, one_of, read_definition, read_pair, read_setting
from labdeck.runs.lookup import no_such
from labdeck.runs.trial import Trial
from labdeck.wire.commands import Delete, Restore
from labdeck.wire.messages import Comparison, ExperimentList

if TYPE_CHECKING:
    from labdeck.magics.context import Context
    from labdeck.magics.words import Word
    from labdeck.runs.experiment import Experiment
    from labdeck.runs.search.found import Found
    from labdeck.wire.records import Goal, ParamValue, TrialFacts

EXPERIMENT = Noun("experiment", "Keep, look at and compare experiments and their trials.")

_IN = Flag("experiment", "the experiment, default the one in use", "NAME", complete=experiment_names)
_TRIAL = Flag("trial", "a trial, instead of the experiment itself", "NAME", complete=trial_names)
_NOTE = Flag("note", "a note, Markdown", "TEXT")


class Deletion(msgspec.Struct, frozen=True, kw_only=True):
    """What `%experiment delete` deleted or restored.

    Attributes:
        names: In the order given.
        restored: It was a deletion taken back.
    """

    names: tuple[str, ...]
    restored: bool = False

    def __repr__(self) -> str:
        """Say it in words."""
        listed = ", ".join(self.names)
        return f"restored {listed}" if self.restored else f"deleted {listed}; %experiment delete --undo brings it back"

    def _repr_html_(self) -> str:
        return f"<div>{html.escape(repr(self))}</div>"


@EXPERIMENT.verb(
    Argument("name", "the experiment's name; put a name with spaces between quotation marks"),
    Flag("objective", "the metric it is judged by, default an automatic choice", "METRIC", complete=metric_names),
    Flag(
        "goal",
        "which way the objective is better, default max",
        "max|min",
        one_of("max", "min"),
        default="max",
        complete=offer("max", "min"),
    ),
    _NOTE,
)
def create(context: Context, *, name: str, objective: str | None, goal: Goal, note: str | None) -> Experiment:
    """Create an experiment and use it; one that is there already is used as it is.

    Example: %experiment create digits --objective test:accuracy
    """
    context.experiment = context.studio.experiment(name, objective=objective, goal=goal, note=note)
    return context.experiment


@EXPERIMENT.verb(Argument("name", "the experiment's name or id", complete=experiment_names))
def use(context: Context, *, name: str) -> Experiment:
    """Make an experiment the one that this notebook's magics work on.

    Example: %experiment use digits
    """
    context.experiment = context.studio.find_experiment(name)
    return context.experiment


@EXPERIMENT.verb()
def list_(context: Context) -> ExperimentList:
    """List all experiments, latest activity first.

    Example: %experiment list
    """
    return context.studio.experiment_list()


@EXPERIMENT.verb(
    Argument("name", "a trial of the experiment in use, or an experiment", optional=True, complete=all_names),
)
def show(context: Context, *, name: str | None) -> Experiment | Trial:
    """Show a trial or an experiment, without a name the experiment in use.

    Example: %experiment show cnn-32
    """
    return context.choose_experiment(None) if name is None else context.find(name)


@EXPERIMENT.verb(
    Argument("trial", "trials, default all of the experiment", many=True, optional=True, complete=trial_names),
    Flag("metric", "only this metric; may be repeated", "METRIC", many=True, complete=metric_names),
    _IN,
)
def compare(context: Context, *, trial: tuple[str, ...], metric: tuple[str, ...], experiment: str | None) -> Comparison:
    """Compare trials: their parameters and metrics side by side.

    Example: %experiment compare cnn-10 cnn-32 --metric test:accuracy
    """
    compared = context.choose_experiment(experiment).compare(*trial)
    known = dict.fromkeys(summary.name for fact in compared.trials for summary in fact.metrics)
    for name in metric:
        if name not in known:
            raise no_such("metric", name, known)
    if not metric:
        return compared
    return Comparison(trials=tuple(_only(fact, metric) for fact in compared.trials), missing=compared.missing)


@EXPERIMENT.verb(
    Argument(
        "query",
        'what to find: metrics.acc > 0.9 and params.optimizer = "sgd"; default everything',
        read=querying.keep,
        many=True,
        optional=True,
        complete_phrase=querying.complete_query,
    ),
    Flag("sort", 'fields separated by commas, "-" to turn one round', "FIELDS", complete=querying.sort_names),
    Flag("limit", "at most so many, default 100", "NUMBER", read=querying.read_count, default=100),
    Flag("archived", "find archived trials, too"),
    Flag("everywhere", "search all experiments"),
    _IN,
)
def search(
    context: Context,
    *,
    query: tuple[Word, ...],
    sort: str | None,
    limit: int,
    archived: bool,
    everywhere: bool,
    experiment: str | None,
) -> Found:
    """Find trials of the experiment in use.

    Example: %experiment search metrics.accuracy > 0.9 and started > -7d --sort -metrics.accuracy
    """
    asked = querying.join(query)
    if everywhere:
        return context.studio.search(asked, sort or "", limit, archived=archived)
    return context.choose_experiment(experiment).search(asked, sort or "", limit, archived=archived)


@EXPERIMENT.verb(
    Argument("text", 'the note, Markdown; "" removes it', many=True),
    _TRIAL,
    _IN,
)
def note(context: Context, *, text: tuple[str, ...], trial: str | None, experiment: str | None) -> Experiment | Trial:
    """Replace the note of the experiment in use, or of a trial.

    Example: %experiment note batch norm before the last layer --trial cnn-32
    """
    noted = context.choose(trial, experiment)
    noted.set_note(" ".join(text))
    return noted


@EXPERIMENT.verb(
    Argument("tags", "tags to set, KEY=VALUE", read_pair, many=True, optional=True),
    Flag("remove", "a tag to remove; may be repeated", "KEY", many=True, complete=tag_keys),
    _TRIAL,
    _IN,
)
def tag(
    context: Context,
    *,
    tags: tuple[tuple[str, str], ...],
    remove: tuple[str, ...],
    trial: str | None,
    experiment: str | None,
) -> Experiment | Trial:
    """Set and remove tags of the experiment in use, or of a trial.

    Example: %experiment tag owner=ada stage="to review" --trial cnn-32
    """
    tagged = context.choose(trial, experiment)
    if not tags and not remove:
        raise UsageError("no tag is given", "%experiment tag KEY=VALUE sets one, --remove KEY removes one")
    if tags:
        tagged.tag(**dict(tags))
    if remove:
        tagged.untag(*remove)
    return tagged


@EXPERIMENT.verb(
    Argument(
        "name", "trials of the experiment in use, or experiments", many=True, optional=True, complete=deletable_names
    ),
    Flag("undo", "bring back what was deleted here: the names given, default all of the last deletion"),
)
def delete(context: Context, *, name: tuple[str, ...], undo: bool) -> Deletion:
    """Delete trials, or experiments with their trials; --undo takes that back.

    Example: %experiment delete cnn-2 cnn-5
    """
    if undo:
        return _restore(context, name)
    if not name:
        raise UsageError("nothing is named that could be deleted", "%experiment delete NAME…")
    found = tuple(dict.fromkeys(_to_be_deleted(context.find(each)) for each in name))
    context.studio.apply([Delete(ids=tuple(each.id for each in found), time=time.time())])
    context.remember_deleted(found)
    return Deletion(names=tuple(each.name for each in found))


@EXPERIMENT.verb(
    Argument("name", 'the trial\'s name, default "trial-1", "trial-2" …', optional=True, complete=resumable_names),
    Flag("param", "a parameter; may be repeated", "NAME=VALUE", read_setting, many=True, complete=parameter_names),
    _NOTE,
    Flag("resume", "go on with the trial of that name, which has ended"),
    Flag(
        "metric-definition",
        "a metric to read off what is printed: the first group of the expression; may be repeated",
        "NAME=REGEX",
        read_definition,
        many=True,
    ),
    _IN,
    cell=True,
)
def trial(
    context: Context,
    *,
    name: str | None,
    param: tuple[tuple[str, ParamValue], ...],
    note: str | None,
    resume: bool,
    metric_definition: tuple[tuple[str, str], ...],
    experiment: str | None,
    cell: str,
) -> Any:
    """Run the cell as a trial of the experiment in use.

    The cell finds the trial as `trial` and its parameters as the mapping `params`. The trial ends as the cell ends:
    completed, failed with the traceback, or interrupted.
    Example: %%experiment trial cnn-32 --param hidden=32 --param lr=1e-3
    """
    body = Body(context.shell, cell)
    params, definitions = dict(param), dict(metric_definition)
    if not resume:
        home = context.choose_experiment(experiment)
        started = home.trial(name, params=params, note=note or "", metric_definitions=definitions)
    else:
        started = _resumed(context, name, experiment, definitions)
        started.log_params(params)
        if note is not None:
            started.set_note(note)
    context.shell.user_ns.update(trial=started, params=params)
    return body.run(started)


def _resumed(context: Context, name: str | None, experiment: str | None, definitions: dict[str, str]) -> Trial:
    if name is None:
        raise UsageError("no trial is named to go on with", "%%experiment trial NAME --resume")
    found = context.choose_trial(name, experiment)
    found.define_metrics(definitions)
    return found.resume()


def _only(fact: TrialFacts, metrics: tuple[str, ...]) -> TrialFacts:
    return msgspec.structs.replace(fact, metrics=tuple(m for m in fact.metrics if m.name in metrics))


def _restore(context: Context, names: tuple[str, ...]) -> Deletion:
    if names:
        wanted = tuple(dict.fromkeys(context.find_deleted(name) for name in names))
    elif context.deletions:
        wanted = context.deletions[-1]
    else:
        raise UsageError("nothing was deleted here", "deletions of other notebooks are undone in the sidebar")
    context.studio.apply([Restore(ids=tuple(each.id for each in wanted))])
    context.forget_deleted(wanted)
    return Deletion(names=tuple(each.name for each in wanted), restored=True)


def _to_be_deleted(thing: Experiment | Trial) -> Deleted:
    return Deleted(thing.id, thing.name, thing.experiment.id if isinstance(thing, Trial) else "")
