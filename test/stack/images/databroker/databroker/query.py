"""The query language of sdv.databroker.v1: `SELECT Vehicle.Speed, Vehicle.IsMoving WHERE Vehicle.Speed > 10 AND …`."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Values = Mapping[str, Any]
Condition = Callable[[Values], bool]

TOKEN = re.compile(
    r"\s*(?:(?P<number>-?\d+(?:\.\d+)?)|'(?P<string>[^']*)'|(?P<name>[A-Za-z_][\w.]*)|(?P<sign><>|!=|<=|>=|[=<>(),]))"
)
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
KEYWORDS = {"SELECT", "WHERE", "AND", "OR", "NOT", "TRUE", "FALSE"}


class QueryError(ValueError):
    """A query that cannot be understood."""


@dataclass(frozen=True)
class Query:
    """Names to report, names to look at, and when to report."""

    selected: tuple[str, ...]
    names: frozenset[str]
    condition: Condition

    def holds(self, values: Values) -> bool:
        """Whether the condition holds. A comparison with a value that is not available does not."""
        return self.condition(values)


def parse(text: str) -> Query:
    """Raises QueryError."""
    return _Parser(text).query()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._next = 0
        self._names: set[str] = set()

    def query(self) -> Query:
        self._expect("SELECT")
        selected = [self._name()]
        while self._take(","):
            selected.append(self._name())
        condition: Condition = lambda _values: True
        if self._take("WHERE"):
            condition = self._disjunction()
        if self._peek():
            raise QueryError(f"unexpected {self._peek()[1]!r}")
        return Query(tuple(dict.fromkeys(selected)), frozenset(self._names), condition)

    def _disjunction(self) -> Condition:
        parts = [self._conjunction()]
        while self._take("OR"):
            parts.append(self._conjunction())
        return lambda values: any(part(values) for part in parts)

    def _conjunction(self) -> Condition:
        parts = [self._negation()]
        while self._take("AND"):
            parts.append(self._negation())
        return lambda values: all(part(values) for part in parts)

    def _negation(self) -> Condition:
        if self._take("NOT"):
            inner = self._negation()
            return lambda values: not inner(values)
        if self._take("("):
            condition = self._disjunction()
            self._expect(")")
            return condition
        return self._comparison()

    def _comparison(self) -> Condition:
        left = self._operand()
        kind, sign = self._peek() or ("", "")
        if kind != "sign" or sign not in COMPARISONS:
            return lambda values: left(values) is True
        self._next += 1
        compare, right = COMPARISONS[sign], self._operand()

        def holds(values: Values) -> bool:
            a, b = left(values), right(values)
            if a is None or b is None:
                return False
            try:
                return compare(a, b)
            except TypeError:
                return False

        return holds

    def _operand(self) -> Callable[[Values], Any]:
        kind, text = self._peek() or ("", "the end")
        if kind == "name":
            name = self._name()
            return lambda values: values.get(name)
        constant: Any
        if kind == "number":
            constant = float(text) if "." in text else int(text)
        elif kind == "string":
            constant = text
        elif text in ("TRUE", "FALSE"):
            constant = text == "TRUE"
        else:
            raise QueryError(f"a name or a value was expected, not {text!r}")
        self._next += 1
        return lambda _values: constant

    def _name(self) -> str:
        kind, text = self._peek() or ("", "the end")
        if kind != "name":
            raise QueryError(f"a name was expected, not {text!r}")
        self._next += 1
        self._names.add(text)
        return text

    def _peek(self) -> tuple[str, str] | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self, text: str) -> bool:
        token = self._peek()
        if token and token[0] in ("sign", "keyword") and token[1] == text:
            self._next += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._take(text):
            found = self._peek()
            raise QueryError(f"{text} was expected, not {found[1] if found else 'the end'!r}")


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = TOKEN.match(text, position)
        if not match:
            raise QueryError(f"unexpected {text[position:].strip()[:20]!r}")
        position = match.end()
        kind = match.lastgroup or ""
        word = match.group(kind)
        if kind == "name" and word.upper() in KEYWORDS:
            kind, word = "keyword", word.upper()
        tokens.append((kind, word))
    return tokens
