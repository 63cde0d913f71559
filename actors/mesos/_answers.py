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


class AnswerParser:
    """Cuts the bytes of a connection into answers (HTTP/1.1 with Content-Length or chunks)."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Answer]:
        """The answers that are complete with ``data``. Raises `MalformedAnswer`."""
        self._buffer += data
        answers = []
        start = 0
        while (found := self._answer(start)) is not None:
            answer, start = found
            if answer.status >= 200:  # 1xx only announces the real one
                answers.append(answer)
        del self._buffer[:start]
        return answers

    def _answer(self, start: int) -> tuple[Answer, int] | None:
        head_end = self._buffer.find(b"\r\n\r\n", start)
        if head_end < 0:
            if len(self._buffer) - start > _MAX_HEAD:
                raise MalformedAnswer(f"a head of more than {_MAX_HEAD} bytes")
            return None
        status_line, *lines = self._buffer[start:head_end].decode("latin-1").split("\r\n")
        protocol, _, rest = status_line.partition(" ")
        code = rest[:3]
        if not protocol.startswith("HTTP/1.") or not (len(code) == 3 and code.isascii() and code.isdigit()):
            raise MalformedAnswer(f"{status_line[:80]!r} is not the beginning of an HTTP answer")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status = int(code)
        body: bytes | bytearray = b""
        end: int | None = head_end + 4
        if status >= 200 and status not in (204, 304):
            if headers.get("transfer-encoding", "").lower() == "chunked":
                found = self._chunks(head_end + 4)
                if found is None:
                    return None
                body, end = found
            else:
                length = headers.get("content-length", "0")
                if not (length.isascii() and length.isdigit()) or len(length) > 9 or int(length) > _MAX_BODY:
                    raise MalformedAnswer(f"a body of {length[:40]} bytes")
                end = head_end + 4 + int(length)
                body = self._buffer[head_end + 4 : end]
        if end is None or len(self._buffer) < end:
            return None
        closing = headers.get("connection", "").lower() == "close" or protocol == "HTTP/1.0"
        return Answer(status, body.decode(errors="replace").strip(), headers.get("location", ""), closing), end

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
