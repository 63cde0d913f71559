"""Answers to calls, cut out of the bytes of one connection: HTTP/1.1 with Content-Length or chunks, short bodies."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Answer", "AnswerParser", "MalformedAnswer"]

_MAX_HEAD = 64 * 1024
_MAX_BODY = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """``closing``: the server closes the connection after this answer."""

    status: int
    body: str
    location: str
    closing: bool


class MalformedAnswer(Exception):
    """What came back is not HTTP, or longer than any answer to a call."""


@dataclass(frozen=True, slots=True)
class _Head:
    """``length`` of the body, in bytes; None when it comes in chunks."""

    status: int
    length: int | None
    location: str
    closing: bool

    @classmethod
    def read(cls, data: bytes) -> _Head:
        status_line, *lines = data.decode("latin-1").split("\r\n")
        protocol, _, rest = status_line.partition(" ")
        code = rest[:3]
        if not protocol.startswith("HTTP/1.") or not (len(code) == 3 and code.isascii() and code.isdigit()):
            raise MalformedAnswer(f"{status_line[:80]!r} is not the beginning of an HTTP answer")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length: int | None = None
        if int(code) < 200 or int(code) in (204, 304):
            length = 0
        elif headers.get("transfer-encoding", "").lower() != "chunked":
            digits = headers.get("content-length", "0")
            if not (digits.isascii() and digits.isdigit()) or len(digits) > 9 or int(digits) > _MAX_BODY:
                raise MalformedAnswer(f"a body of {digits[:40]} bytes")
            length = int(digits)
        closing = headers.get("connection", "").lower() == "close" or protocol == "HTTP/1.0"
        return cls(int(code), length, headers.get("location", ""), closing)


class AnswerParser:
    """Cuts the bytes of a connection into answers."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        # Of thousands of answers nearly all are "taken", without a body and the same to the letter.
        self._usual: tuple[bytes, Answer] | None = None
        # A master's answers within a second have the same head to the letter: it is taken apart once.
        self._last: tuple[bytes, _Head] | None = None

    def feed(self, data: bytes) -> list[Answer]:
        """The answers that are complete with ``data``. Raises `MalformedAnswer`."""
        self._buffer += data
        answers = []
        start = 0
        while True:
            if self._usual is not None:
                text, taken = self._usual
                while self._buffer.startswith(text, start):
                    start += len(text)
                    answers.append(taken)
            if (found := self._answer(start)) is None:
                break
            answer, start = found
            if answer.status >= 200:  # 1xx only announces the real one
                answers.append(answer)
        del self._buffer[:start]
        if len(self._buffer) > _MAX_HEAD + 2 * _MAX_BODY:
            raise MalformedAnswer(f"an answer of more than {len(self._buffer)} bytes")
        return answers

    def _answer(self, start: int) -> tuple[Answer, int] | None:
        """The answer that begins at ``start``, and where it ends; None while it is not complete."""
        head_end = self._buffer.find(b"\r\n\r\n", start)
        if head_end < 0:
            if len(self._buffer) - start > _MAX_HEAD:
                raise MalformedAnswer(f"a head of more than {_MAX_HEAD} bytes")
            return None
        data = bytes(self._buffer[start:head_end])
        if self._last is None or self._last[0] != data:
            self._last = data, _Head.read(data)
        head = self._last[1]
        if head.length is None:
            chunks = self._chunks(head_end + 4)
            if chunks is None:
                return None
            body, end = chunks
        else:
            end = head_end + 4 + head.length
            if len(self._buffer) < end:
                return None
            body = self._buffer[head_end + 4 : end]
        text = body.decode(errors="replace").strip() if body else ""
        answer = Answer(head.status, text, head.location, head.closing)
        if head.length == 0 and head.status >= 200:
            self._usual = data + b"\r\n\r\n", answer
        return answer, end

    def _chunks(self, at: int) -> tuple[bytearray, int] | None:
        body = bytearray()
        while (line_end := self._buffer.find(b"\r\n", at)) >= 0:
            digits = self._buffer[at:line_end].split(b";")[0].strip()
            try:
                size = int(digits, 16)
            except ValueError:
                raise MalformedAnswer(f"a chunk of {bytes(digits[:40])!r} bytes") from None
            if size < 0 or len(body) + size > _MAX_BODY:
                raise MalformedAnswer(f"a body of more than {_MAX_BODY} bytes")
            at = line_end + 2 + size + 2
            if len(self._buffer) < at:
                return None
            if size == 0:
                return body, at
            body += self._buffer[line_end + 2 : at - 2]
        return None
