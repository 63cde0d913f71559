"""The selectors of ``GET /v2/apps?label=…`` and ``marathon apps --label``: all of them must hold.

    selectors  =  selector { "," selector }
    selector   =  name                     the label is there
               |  name "==" value  |  name "!=" value        != holds, too, where the label is absent
               |  name "in" "(" value {"," value} ")"  |  name "notin" "(" … ")"

A backslash makes the next character an ordinary one (``api/v2/LabelSelectorParsers.scala``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

__all__ = ["LabelSelector", "SelectorError", "parse_selector"]

Labels = Mapping[str, str]
LabelSelector = Callable[[Labels], bool]

_TOKEN = re.compile(r"\s*(==|!=|[(),]|(?:\\.|[^\s\\(),=!])+)")


class SelectorError(ValueError):
    """The text is no selector."""


def parse_selector(text: str) -> LabelSelector:
    """The predicate that `text` describes. Raises `SelectorError`."""
    tokens = _tokens(text)
    chosen: list[LabelSelector] = []
    while True:
        chosen.append(_selector(tokens, text))
        if not tokens:
            break
        _expect(tokens, ",", text)
    return lambda labels: all(selector(labels) for selector in chosen)


def _tokens(text: str) -> list[str]:
    """The tokens, last first, so that `pop` takes the next one."""
    tokens, position = [], 0
    stripped = text.rstrip()
    while position < len(stripped):
        found = _TOKEN.match(stripped, position)
        if found is None:
            raise SelectorError(f"label selector '{text}': cannot read it from '{stripped[position:]}' on")
        tokens.append(found[1])
        position = found.end()
    return tokens[::-1]


def _selector(tokens: list[str], text: str) -> LabelSelector:
    name = _word(tokens, text)
    if not tokens or tokens[-1] == ",":
        return lambda labels: name in labels
    operator = tokens.pop()
    match operator:
        case "==":
            value = _word(tokens, text)
            return lambda labels: labels.get(name) == value
        case "!=":
            value = _word(tokens, text)
            return lambda labels: labels.get(name) != value
        case "in":
            values = _set(tokens, text)
            return lambda labels: labels.get(name) in values
        case "notin":
            values = _set(tokens, text)
            return lambda labels: name not in labels or labels[name] not in values
    raise SelectorError(f"label selector '{text}': expected ==, !=, in or notin after '{name}', found '{operator}'")


def _set(tokens: list[str], text: str) -> frozenset[str]:
    _expect(tokens, "(", text)
    values = {_word(tokens, text)}
    while tokens and tokens[-1] == ",":
        tokens.pop()
        values.add(_word(tokens, text))
    _expect(tokens, ")", text)
    return frozenset(values)


def _word(tokens: list[str], text: str) -> str:
    if not tokens or tokens[-1] in ("==", "!=", "(", ")", ","):
        found = f"'{tokens[-1]}'" if tokens else "nothing"
        raise SelectorError(f"label selector '{text}': expected a name or value, found {found}")
    return re.sub(r"\\(.)", r"\1", tokens.pop())


def _expect(tokens: list[str], wanted: str, text: str) -> None:
    if not tokens or tokens[-1] != wanted:
        found = f"'{tokens[-1]}'" if tokens else "nothing"
        raise SelectorError(f"label selector '{text}': expected '{wanted}', found {found}")
    tokens.pop()
