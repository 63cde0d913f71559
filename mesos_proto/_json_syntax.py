"""Reads JSON text, and says of broken text what Mesos says of it.

Mesos reads with picojson, whose errors name a line and what stands right of the fault; masters put them into their
400 answers, and tools compare them. So: the standard library reads, and only when it refuses does a scanner look for
the fault in picojson's order. (Texts as a master of 1.11.0 sent them.)
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

_SPACE = " \t\n\r"
_NUMBER_CHARACTERS = frozenset("0123456789+-.eE")
_NUMBER = re.compile(r"-?[0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_LITERALS = {"n": "ull", "t": "rue", "f": "alse"}
_ESCAPES = frozenset('"\\/bfnrt')
_HEX = frozenset("0123456789abcdefABCDEF")


class SyntaxFault(ValueError):
    """The text is not JSON; the message is Mesos's."""


def parse(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        SyntaxFault: it is not JSON (``NaN`` and ``Infinity`` without quotes are not), or a number is out of range.
    """
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise SyntaxFault(_describe(text) or f"{error.msg} at line {error.lineno}") from None
    except RecursionError:
        raise SyntaxFault("nested too deeply") from None
    # The standard library lets half of a surrogate pair pass.
    fault = _describe(text) if _SURROGATE.search(text) else None
    if fault:
        raise SyntaxFault(fault)
    return value


def parse_number(text: str) -> int | float:
    """The number that a string holds: Mesos takes ``"5"`` where a number belongs.

    Raises:
        SyntaxFault: it holds something else.
    """
    value = parse(text)
    if type(value) not in (int, float):
        raise SyntaxFault("Unexpected JSON type parsed")
    if text[-1] in _SPACE:
        raise SyntaxFault("Parsed JSON included non-whitespace trailing characters: ")
    return value  # type: ignore[no-any-return]


def parse_boolean(text: str) -> bool:
    """The boolean that a string holds. Raises ``SyntaxFault`` when it holds something else."""
    value = parse(text)
    if type(value) is not bool:
        raise SyntaxFault("Unexpected JSON type parsed")
    return value


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise SyntaxFault("Value out of range")
    return value


def _integer(digits: str) -> int:
    # Longer ones fit no field; int() takes quadratic time to find out.
    if len(digits) > 400:
        raise SyntaxFault("Value out of range")
    return int(digits)


def _no_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is not JSON", name, 0)


_DECODER = json.JSONDecoder(parse_float=_finite, parse_int=_integer, parse_constant=_no_constant)


def _describe(text: str) -> str | None:
    """What picojson says of ``text``; None when it would have accepted it."""
    scan = _Scan(text)
    if not scan.value():
        before = text[: scan.position]
        rest = text[scan.position :].partition("\n")[0]
        near = "".join(character for character in rest if character >= " ")
        return f"syntax error at line {before.count(chr(10)) + 1} near: {near}"
    rest = text[scan.position :].rstrip(_SPACE)
    return f"Parsed JSON included non-whitespace trailing characters: {rest}" if rest else None


class _Scan:
    """Walks a text as picojson does; where it stops is what picojson calls "near"."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def value(self) -> bool:
        """Passes one value, without recursion: the text may be deeper than our stack."""
        closers: list[str] = []
        while True:
            opened = self._start()
            if opened is None:
                return False
            if opened:
                closers.append(opened)
                if not self._expect(opened):
                    if opened == "}" and not self._key():
                        return False
                    continue
                closers.pop()
            while closers:
                if self._expect(","):
                    if closers[-1] == "}" and not self._key():
                        return False
                    break
                if not self._expect(closers.pop()):
                    return False
            else:
                return True

    def _start(self) -> str | None:
        """Passes a whole scalar (then ""), or what opens an array or object (then its closer); None is a fault."""
        self._skip()
        first = self._peek()
        if first in _LITERALS:
            self.position += 1
            return "" if all(self._take(character) for character in _LITERALS[first]) else None
        if first == '"':
            self.position += 1
            return "" if self._string() else None
        if first in ("[", "{"):
            self.position += 1
            return "]" if first == "[" else "}"
        if first == "-" or first.isdigit():
            start = self.position
            while self._peek() in _NUMBER_CHARACTERS:
                self.position += 1
            return "" if _NUMBER.fullmatch(self.text, start, self.position) else None
        return None

    def _key(self) -> bool:
        return self._expect('"') and self._string() and self._expect(":")

    def _string(self) -> bool:
        while True:
            character = self._peek()
            if character < " ":
                return False
            self.position += 1
            if character == '"':
                return True
            if character == "\\" and not self._escape():
                return False

    def _escape(self) -> bool:
        character = self._peek()
        self.position += 1
        if character != "u":
            return character in _ESCAPES
        unit = self._hex()
        if unit is None or not 0xD800 <= unit <= 0xDBFF:
            return unit is not None and not 0xDC00 <= unit <= 0xDFFF
        return self._take("\\") and self._take("u") and self._hex() is not None

    def _hex(self) -> int | None:
        start = self.position
        for _ in range(4):
            if self._peek() not in _HEX:
                return None
            self.position += 1
        return int(self.text[start : self.position], 16)

    def _expect(self, character: str) -> bool:
        self._skip()
        return self._take(character)

    def _take(self, character: str) -> bool:
        if self._peek() != character:
            return False
        self.position += 1
        return True

    def _skip(self) -> None:
        while self._peek() and self._peek() in _SPACE:
            self.position += 1

    def _peek(self) -> str:
        """The next character; "" (less than any) at the end."""
        return self.text[self.position : self.position + 1]
