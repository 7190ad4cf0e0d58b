"""From conditions to SQL, and the pages of trials that they find.

Every comparison is true or false, never unknown: what is absent is false, so that `not` turns it round. Names and
values are bound. A metric or parameter is looked up by its trial and name in a unique index.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from sqlalchemy import Double, and_, case, cast, collate, exists, false, func, literal, not_, or_, select, true, tuple_

from labdeck.store.conditions import Comparison, Either, Every, Exists, Not, OneOf, places
from labdeck.store.objective import usual_goal
from labdeck.store.sql import details, reads
from labdeck.store.sql.codec import is_name, name_key
from labdeck.store.sql.tables import experiment, metric, param, tag, trial
from labdeck.wire.records import SearchPage, TrialState
from labdeck.wire.searching import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import ColumnElement, Connection, Select, Table

    from labdeck.store.conditions import Condition, Field, NoneOf, Operator, SortKey, Value

    Test = Callable[[Any], ColumnElement[bool]]

_NEWEST, _NAMES = 1_000, 1_000
"""Trials whose names are offered, and how many names of a kind."""
_STATISTICS = {
    "last": metric.c.last,
    "first": metric.c.first,
    "min": metric.c.low,
    "max": metric.c.high,
    "mean": metric.c.mean,
    "std": metric.c.deviation,
    "count": cast(metric.c.count, Double),
}
_parent = trial.alias("parent")
_parent_name = select(_parent.c.name).where(_parent.c.id == trial.c.parent_id).correlate(trial).scalar_subquery()
_FACTS: dict[str, Any] = {
    "name": trial.c.name,
    "experiment": experiment.c.name,
    "state": trial.c.state,
    "note": trial.c.note,
    "parent": _parent_name,
    "started": trial.c.started,
    "ended": trial.c.ended,
    "duration": trial.c.ended - trial.c.started,
    "number": cast(trial.c.number, Double),
    "archived": or_(trial.c.archived, experiment.c.archived),
}


@dataclass(frozen=True)
class Scope:
    """Which trials are meant, deleted ones aside: for which a condition holds, of an experiment, archived ones too."""

    condition: Condition | None
    experiment_id: str | None
    archived: bool


def search(connection: Connection, scope: Scope, sort: Sequence[SortKey], offset: int, limit: int | None) -> SearchPage:
    """Return the trials of a scope, sorted, ties by newest; NotFound for an unknown experiment."""
    query = select(trial.c.id).select_from(trial.join(experiment)).where(*wanted(connection, scope))
    query = query.order_by(*_order(connection, sort), trial.c.serial.desc())
    ids: list[str] = [row.id for row in connection.execute(query)]
    page = ids[offset:] if limit is None else ids[offset : offset + limit]
    return SearchPage(total=len(ids), offset=offset, trials=details.facts_by_id(connection, page))


def wanted(connection: Connection, scope: Scope) -> list[ColumnElement[bool]]:
    """Return the clauses for the trials of a scope, joined with their experiments; NotFound."""
    clauses: list[ColumnElement[bool]] = list(reads.LISTED)
    if scope.experiment_id is not None:
        reads.require_experiment(connection, scope.experiment_id)
        clauses.append(trial.c.experiment_id == scope.experiment_id)
    if not scope.archived:
        clauses += [trial.c.archived.is_(False), experiment.c.archived.is_(False)]
    if scope.condition is not None:
        clauses.append(_Translator(connection).clause(scope.condition))
    return clauses


def vocabulary(connection: Connection, experiment_id: str | None) -> Vocabulary:
    """Return the names that the newest trials use, the most frequent first; NotFound."""
    clauses = wanted(connection, Scope(None, experiment_id, archived=True))
    newest = select(trial.c.id).select_from(trial.join(experiment)).where(*clauses)
    newest = newest.order_by(trial.c.serial.desc()).limit(_NEWEST)
    experiments = select(experiment.c.name).where(experiment.c.deleted.is_(None)).order_by(experiment.c.activity.desc())
    return Vocabulary(
        metrics=_names(connection, metric, newest),
        params=_names(connection, param, newest),
        tags=_names(connection, tag, newest),
        experiments=tuple(connection.execute(experiments.limit(_NAMES)).scalars()),
        states=get_args(TrialState),
    )


def _names(connection: Connection, table: Table, trials: Select[tuple[str]]) -> tuple[str, ...]:
    """Return the names in a table's rows of some trials; those too long for a key are left out."""
    keys = [table.c.name_key] if table is tag else [table.c.component_key, table.c.name_key]
    query = select(*keys).where(table.c.trial_id.in_(trials)).group_by(*keys).order_by(func.count().desc(), *keys)
    rows = connection.execute(query.limit(_NAMES))
    return tuple("/".join(filter(None, row)) for row in rows if all(is_name(key) for key in row))


def _order(connection: Connection, sort: Sequence[SortKey]) -> list[ColumnElement[Any]]:
    """Return what to order by; absent values come last in both directions."""
    translator = _Translator(connection)
    return [
        (value.desc() if key.descending else value.asc()).nulls_last()
        for key in sort
        for value in translator.values(key.field)
    ]


class _Translator:
    """Turns conditions into clauses for one database."""

    def __init__(self, connection: Connection) -> None:
        # SQLite compares text by its bytes; PostgreSQL does so only if it is told to.
        self._is_postgres = connection.dialect.name == "postgresql"

    def clause(self, condition: Condition) -> ColumnElement[bool]:
        """Return a clause that is true or false for every trial."""
        match condition:
            case Every(terms):
                return and_(true(), *map(self.clause, sorted(terms, key=_cost)))
            case Either(terms):
                return or_(false(), *map(self.clause, sorted(terms, key=_cost)))
            case Not(term):
                return not_(self.clause(term))
            case Exists(field):
                return self._exists(field)
        return self._one(condition)

    def _one(self, condition: Comparison | OneOf | NoneOf) -> ColumnElement[bool]:
        field = condition.field
        if isinstance(condition, Comparison):
            operator, value = condition.operator, condition.value
            return self._test(field, lambda column: self._compare(field, column, operator, value))
        values = condition.values
        if isinstance(condition, OneOf):
            return self._test(field, lambda column: self._is_one(field, column, values))
        return self._test(field, lambda column: not_(self._is_one(field, column, values)))

    def values(self, field: Field) -> list[ColumnElement[Any]]:
        """Return by what a field is sorted: of a parameter numbers before text."""
        if field.kind == "params":
            text = case((param.c.number.is_(None), param.c.text))
            return [self._lookup(field, param.c.number), self._text(self._lookup(field, text))]
        if field.kind == "metrics":
            return [self._metric(field, lambda column: column)]
        value = self._lookup(field, tag.c.value) if field.kind == "tags" else _FACTS[field.name]
        return [self._text(value) if field.is_text else value]

    def _exists(self, field: Field) -> ColumnElement[bool]:
        if field.kind == "trial":
            there: ColumnElement[bool] = _FACTS[field.name].is_not(None)
            return there
        table = _TABLES[field.kind]
        return exists().where(*_here(table, field)).correlate(trial)

    def _test(self, field: Field, test: Test) -> ColumnElement[bool]:
        """Return whether a field is there and passes."""
        if field.kind == "metrics":
            return func.coalesce(self._metric(field, test), false())
        if field.kind == "params":
            return func.coalesce(self._lookup(field, test(param.c.text)), false())
        if field.kind == "tags":
            return func.coalesce(self._lookup(field, test(tag.c.value)), false())
        return func.coalesce(test(_FACTS[field.name]), false())

    def _is_one(self, field: Field, column: Any, values: tuple[Value, ...]) -> ColumnElement[bool]:
        if field.kind == "params":
            return self._is_one_param(values)
        if field.kind == "trial" and field.name == "parent":
            return or_(column.in_(values), trial.c.parent_id.in_(values))
        if field.kind == "trial" and field.name == "archived":
            return or_(false(), *(column.is_(value) for value in set(values)))
        clause: ColumnElement[bool] = column.in_(values)
        return clause

    def _is_one_param(self, values: tuple[Value, ...]) -> ColumnElement[bool]:
        numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
        texts = [_in_words(value) for value in values if isinstance(value, str | bool)]
        same = or_(func.coalesce(param.c.number.in_(numbers), false()), func.coalesce(param.c.text.in_(texts), false()))
        return or_(same, param.c.text.is_(None)) if None in values else same

    def _compare(self, field: Field, column: Any, operator: Operator, value: Value) -> ColumnElement[bool]:
        if field.kind == "params":
            return self._compare_param(operator, value)
        if field.kind == "trial" and field.name == "parent" and operator in {"=", "!="}:
            same = or_(column == value, trial.c.parent_id == value)
            return same if operator == "=" else not_(same)
        if field.kind == "trial" and field.name == "archived":
            return column.is_(value) if operator == "=" else column.is_not(value)  # type: ignore[no-any-return]
        return self._apply(column, operator, value, is_text=field.is_text)

    def _compare_param(self, operator: Operator, value: Value) -> ColumnElement[bool]:
        """Compare a parameter, which may be a number, text, true or false, or None."""
        number, text = param.c.number, param.c.text
        if operator == "!=":
            return not_(self._compare_param("=", value))
        if operator == "!~":
            return not_(self._compare_param("~", value))
        if value is None:
            return text.is_(None)
        if isinstance(value, str | bool):
            compared = text if operator in {"=", "~"} else case((number.is_(None), text))
            return func.coalesce(self._apply(compared, operator, _in_words(value), is_text=True), false())
        return func.coalesce(self._apply(number, operator, value, is_text=False), false())

    def _apply(self, column: Any, operator: Operator, value: Value, *, is_text: bool) -> ColumnElement[bool]:
        if operator in {"~", "!~"}:
            contains = self._contains(column, str(value))
            return contains if operator == "~" else not_(contains)
        clause: ColumnElement[bool] = (
            self._text(column).op(operator, is_comparison=True)(value)
            if is_text
            else (column.op(operator, is_comparison=True)(value))
        )
        return clause

    def _contains(self, column: Any, value: str) -> ColumnElement[bool]:
        """Find text in text: letters of ASCII in either case, all others as they are."""
        if self._is_postgres:
            return func.strpos(func.lower(self._text(column)), _lower(value)) > 0
        return func.instr(func.lower(column), _lower(value)) > 0

    def _text(self, column: Any) -> Any:
        return collate(column, "C") if self._is_postgres else column

    def _lookup(self, field: Field, wanted: ColumnElement[Any]) -> Any:
        """Return something of a field's row, NULL where there is none; of several places the first counts."""
        table = _TABLES[field.kind]
        query = select(wanted).where(*_here(table, field)).correlate(trial, experiment)
        if table is not tag:
            query = query.order_by(*self._ranks(table, field)).limit(1)
        return query.scalar_subquery()

    def _ranks(self, table: Table, field: Field) -> list[ColumnElement[Any]]:
        """Order the rows of a name: the trial's own, then where its slashes say, then components by their names."""
        component = table.c.component_key
        cuts = places(field.name)[1:]
        if not cuts:
            return [component if not self._is_postgres else collate(component, "C")]
        key = name_key(field.name)
        own = [(and_(component == "", table.c.name_key == key), -1)]
        own += [
            (and_(component == name_key(before), table.c.name_key == name_key(after)), rank)
            for rank, (before, after) in enumerate(cuts)
        ]
        return [case(*own, else_=len(cuts)), self._text(component)]

    def _metric(self, field: Field, test: Callable[[Any], Any]) -> Any:
        """Return what a test says of a statistic of a metric; the best is the greatest or the least, by its goal."""
        if field.statistic != "best":
            return self._lookup(field, test(_STATISTICS[field.statistic]))
        return self._lookup(field, test(case((_is_maximised(field), metric.c.high), else_=metric.c.low)))


def _cost(condition: Condition) -> int:
    """Rank conditions by what they cost: SQLite tests them in order, and rows of metrics are the largest."""
    if isinstance(condition, Every | Either):
        return max(map(_cost, condition.terms))
    if isinstance(condition, Not):
        return _cost(condition.term)
    return ("trial", "tags", "params", "metrics").index(condition.field.kind)


def _lower(text: str) -> str:
    return "".join(char.lower() if char.isascii() else char for char in text)


def _in_words(value: str | bool) -> str:
    """Return text, or true or false, as the column of parameters in words has it."""
    return value if isinstance(value, str) else str(value).lower()


_TABLES: dict[str, Table] = {"metrics": metric, "params": param, "tags": tag}


def _here(table: Table, field: Field) -> list[ColumnElement[bool]]:
    """Return where a named field may be among the rows of a trial: as it is written, or in any component."""
    mine = table.c.trial_id == trial.c.id
    key = name_key(field.name)
    if table is tag:
        return [mine, tag.c.name_key == key]
    cuts = [(name_key(component), name_key(name)) for component, name in places(field.name)[1:]]
    if not cuts:
        return [mine, table.c.name_key == key]
    return [mine, or_(table.c.name_key == key, tuple_(table.c.component_key, table.c.name_key).in_(cuts))]


def _is_maximised(field: Field) -> ColumnElement[bool]:
    chosen = []
    usual = []
    for component, name in places(field.name)[1:]:
        here = and_(metric.c.component_key == name_key(component), metric.c.name_key == name_key(name))
        chosen.append((and_(here, experiment.c.objective == name), experiment.c.goal == "max"))
        usual.append((here, literal(usual_goal(name) == "max")))
    plain = case(
        (experiment.c.objective == field.name, experiment.c.goal == "max"),
        else_=literal(usual_goal(field.name) == "max"),
    )
    return case(*chosen, *usual, else_=plain) if chosen else plain
