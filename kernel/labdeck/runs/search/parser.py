"""From the text of a query to the tree of its conditions, and back.

query      := term {"or" term}
term       := factor {"and" factor}
factor     := "not" factor | "(" query ")" | comparison
comparison := field operator value | field ["not"] "in" "(" value {"," value} ")" | field "exists"
"""

from __future__ import annotations

import difflib
import time
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn, cast

from labdeck.errors import MalformedQuery
from labdeck.runs.search.fields import field_text, read_word
from labdeck.runs.search.values import DAY, TIMES, Unfit, is_date, read_value, value_text
from labdeck.runs.search.words import split
from labdeck.store.conditions import Comparison, Either, Every, Exists, NoneOf, Not, OneOf, SortKey

if TYPE_CHECKING:
    from labdeck.runs.search.words import Word
    from labdeck.store.conditions import Condition, Field, Operator, Value

MAX_LENGTH = 10_000
"""Characters of a query."""
MAX_DEPTH = 40
"""Brackets and `not` within each other."""
MAX_COMPARISONS = 200
MAX_VALUES = 1_000
"""Values in all lists of a query together."""
MAX_SORT_KEYS = 8
KEYWORDS = ("and", "or", "not", "in", "exists")
_WORDS_FOR_OPERATORS = {"is": "=", "eq": "=", "equals": "=", "like": "~", "ilike": "~", "contains": "~", "ne": "!="}


def parse(query: str, now: float | None = None) -> Condition | None:
    """Return what a query asks for; None if it asks for nothing in particular.

    Args:
        query: In the language of docs/search.md.
        now: Seconds since 1970-01-01 UTC from which `-7d` counts back; default the present.

    Raises:
        MalformedQuery: It cannot be read; `position` is the character at which it went wrong.

    Example:
        >>> parse("metrics.acc > 0.9").field.name
        'acc'
    """
    if len(query) > MAX_LENGTH:
        raise MalformedQuery(
            f"the query has {len(query):,} characters",
            f"at most {MAX_LENGTH:,} are read",
            query=query,
            position=MAX_LENGTH,
        )
    parser = _Parser(query, time.time() if now is None else now)
    return parser.parse()


def parse_sort(text: str) -> tuple[SortKey, ...]:
    """Return by what to sort: fields separated by commas, with "-" before those that begin with the greatest.

    "desc" after a field means the same.

    Raises:
        MalformedQuery: It cannot be read.

    Example:
        >>> [key.descending for key in parse_sort("-metrics.acc, params.lr")]
        [True, False]
    """
    words = split(text)
    keys: list[SortKey] = []
    while len(words) > 1:
        if keys:
            _take_comma(text, words.pop(0))
        if len(keys) == MAX_SORT_KEYS:
            remedy = f"give at most {MAX_SORT_KEYS}"
            raise MalformedQuery("these are too many fields to sort by", remedy, query=text, position=words[0].start)
        keys.append(_sort_key(text, words))
    return tuple(keys)


def _take_comma(text: str, word: Word) -> None:
    if word.text != "," or word.kind != "mark":
        shown = f"a comma was expected, but there is {word.text!r}"
        raise MalformedQuery(shown, "separate fields by commas", query=text, position=word.start)


def _sort_key(text: str, words: list[Word]) -> SortKey:
    word = words.pop(0)
    descending = word.text.startswith("-")
    if word.kind == "word" and word.text[:1] in {"-", "+"}:
        word = replace(word, text=word.text[1:], start=word.start + 1, tail=max(word.tail - 1, 0))
    field = read_word(text, word)
    if words[0].is_keyword("asc", "desc"):
        descending ^= words.pop(0).text.lower() == "desc"
    return SortKey(field, descending)


class _Parser:
    """Reads one query, word by word."""

    def __init__(self, query: str, now: float) -> None:
        self._query = query
        self._now = now
        self._words = split(query)
        self._at = 0
        self._depth = self._comparisons = self._values = 0

    def parse(self) -> Condition | None:
        """Return the whole query as one condition."""
        if len(self._words) == 1:
            return None
        condition = self._either()
        if self._word.kind != "end":
            self._fail(f"`and` or `or` was expected, but {self._shown()}", self._joint_remedy())
        return condition

    @property
    def _word(self) -> Word:
        return self._words[self._at]

    def _take(self) -> Word:
        word = self._words[self._at]
        self._at += word.kind != "end"
        return word

    def _fail(self, message: str, remedy: str, word: Word | None = None) -> NoReturn:
        raise MalformedQuery(message, remedy, query=self._query, position=(word or self._word).start)

    def _shown(self) -> str:
        word = self._word
        return "the query ends" if word.kind == "end" else f"there is {self._query[word.start : word.end][:40]!r}"

    def _joint_remedy(self) -> str:
        if self._word.text == ")":
            return "a bracket is closed that was never opened"
        return "join comparisons by `and` and `or`, and put a value of several words between quotation marks"

    # -- what joins comparisons ------------------------------------------------------------------------------------

    def _either(self) -> Condition:
        terms = [self._every()]
        while self._word.is_keyword("or"):
            self._take()
            terms.append(self._every())
        return terms[0] if len(terms) == 1 else Either(tuple(terms))

    def _every(self) -> Condition:
        terms = [self._factor()]
        while self._word.is_keyword("and"):
            self._take()
            terms.append(self._factor())
        return terms[0] if len(terms) == 1 else Every(tuple(terms))

    def _factor(self) -> Condition:
        if self._word.is_keyword("not"):
            self._go_deeper()
            inner: Condition = Not(self._factor())
        elif self._word.text == "(" and self._word.kind == "mark":
            opened = self._word
            self._go_deeper()
            inner = self._either()
            if self._word.text != ")" or self._word.kind != "mark":
                remedy = f"the bracket at character {opened.start + 1} is never closed"
                self._fail(f"`)`, `and` or `or` was expected, but {self._shown()}", remedy)
            self._take()
        else:
            return self._comparison()
        self._depth -= 1
        return inner

    def _go_deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._fail("the query is nested too deeply", f"at most {MAX_DEPTH} brackets and `not` within each other")
        self._take()

    # -- one comparison --------------------------------------------------------------------------------------------

    def _comparison(self) -> Condition:
        self._comparisons += 1
        if self._comparisons > MAX_COMPARISONS:
            self._fail("the query has too many comparisons", f"at most {MAX_COMPARISONS}; use `in (…)` for many values")
        if self._word.is_keyword(*KEYWORDS):
            self._fail(
                f"a field was expected, but {self._shown()}", "fields are metrics.NAME, params.NAME, tags.NAME, state …"
            )
        field = read_word(self._query, self._take())
        if self._word.is_keyword("exists"):
            self._take()
            return Exists(field)
        if self._word.is_keyword("not", "in"):
            return self._membership(field)
        return self._compare(field, self._operator(field))

    def _operator(self, field: Field) -> Operator:
        word = self._word
        if word.kind != "operator":
            instead = _WORDS_FOR_OPERATORS.get(word.text.lower())
            near = (
                difflib.get_close_matches(word.text.lower(), KEYWORDS, n=1, cutoff=0.6) if word.kind == "word" else []
            )
            meant = instead or (near[0] if near else None)
            remedy = f"did you mean {meant}?" if meant else "operators are = != < <= > >= ~ !~, in (…) and exists"
            self._fail(f"an operator was expected, but {self._shown()}", remedy)
        operator = cast("Operator", "=" if word.text == "==" else word.text)
        if operator in {"~", "!~"} and not (field.is_text or field.kind == "params"):
            self._fail(f"{operator} looks for text, and {field_text(field)} is none", "use = != < <= > >=")
        if operator in {"<", "<=", ">", ">="} and field.name == "archived" and field.kind == "trial":
            self._fail("archived is only true or false", "use = or !=")
        self._take()
        return operator

    def _compare(self, field: Field, operator: Operator) -> Condition:
        word = self._word
        value = self._value(field, operator)
        if operator in {"<", "<=", ">", ">="} and (value is None or isinstance(value, bool)):
            self._fail(f"nothing is less or greater than {word.text}", "use = or !=", word)
        if field.kind == "trial" and field.name in TIMES and operator in {"=", "!="} and is_date(word):
            day = cast("float", value)
            if operator == "=":
                return Every((Comparison(field, ">=", day), Comparison(field, "<", day + DAY)))
            return Either((Comparison(field, "<", day), Comparison(field, ">=", day + DAY)))
        return Comparison(field, operator, value)

    def _membership(self, field: Field) -> Condition:
        inverted = self._take().is_keyword("not")
        if inverted and not self._take().is_keyword("in"):
            self._at -= 1
            self._fail(f"`in` was expected, but {self._shown()}", "write `FIELD not in (…)` or `not FIELD = …`")
        if field.kind == "trial" and field.name in TIMES:
            self._fail("times are compared, not listed", "use < <= > >=, or = with a day")
        self._mark("(", "write the values between brackets: in (1, 2)")
        values = [self._value(field, None)]
        while self._word.text == "," and self._word.kind == "mark":
            self._take()
            values.append(self._value(field, None))
        self._mark(")", "separate values by commas and close the bracket")
        return NoneOf(field, tuple(values)) if inverted else OneOf(field, tuple(values))

    def _mark(self, mark: str, remedy: str) -> None:
        if self._word.text != mark or self._word.kind != "mark":
            self._fail(f"`{mark}` was expected, but {self._shown()}", remedy)
        self._take()

    def _value(self, field: Field, operator: Operator | None) -> Value:
        word = self._word
        self._values += 1
        if self._values > MAX_VALUES:
            self._fail("the query has too many values", f"at most {MAX_VALUES:,}")
        if word.kind not in {"word", "text"} or word.is_keyword(*KEYWORDS):
            remedy = "put it between quotation marks" if word.kind == "word" else 'write a number, "text" or true'
            self._fail(f"a value was expected, but {self._shown()}", remedy)
        try:
            value = read_value(field, operator, word, self._now)
        except Unfit as unfit:
            self._fail(f"{unfit.expected}, but {self._shown()}", unfit.remedy)
        self._take()
        return value


def render(condition: Condition | None) -> str:
    """Return a query that `parse` reads as the same condition.

    Example:
        >>> render(parse("NOT  (name~cnn or metrics.acc>.9)"))
        'not (name ~ "cnn" or metrics.acc > 0.9)'
    """
    match condition:
        case None:
            return ""
        case Every(terms):
            return " and ".join(_within(term, Every, Either) for term in terms)
        case Either(terms):
            return " or ".join(_within(term, Either) for term in terms)
        case Not(term):
            return f"not {_within(term, Every, Either)}"
    return _render_one(condition)


def _render_one(condition: Comparison | OneOf | NoneOf | Exists) -> str:
    name = field_text(condition.field)
    match condition:
        case Exists():
            return f"{name} exists"
        case Comparison(field, operator, value):
            return f"{name} {operator} {value_text(field, value)}"
    listed = ", ".join(value_text(condition.field, value) for value in condition.values)
    return f"{name} {'not in' if isinstance(condition, NoneOf) else 'in'} ({listed})"


def _within(term: Condition, *bracketed: type) -> str:
    return f"({render(term)})" if isinstance(term, bracketed) else render(term)
