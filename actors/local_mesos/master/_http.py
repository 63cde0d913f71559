"""What the scheduler API and the operator API share: reading a call, choosing the answer's format.

The refusals, their order and their words are Apache Mesos 1.11.0's.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import unquote

from aiohttp import web
from google.protobuf.message import DecodeError, Message

from mesos_proto import json_codec, mesos_pb2, scheduler_pb2

__all__ = [
    "JSON",
    "PREFIXES",
    "PROTOBUF",
    "Refusal",
    "accepted_format",
    "authenticate",
    "body_of",
    "encoder",
    "hide_new_capabilities",
    "json_body",
    "last_header",
    "read_call",
    "text",
    "texts_are_utf8",
]

JSON = "application/json"
PROTOBUF = "application/x-protobuf"

PREFIXES = ("", "/master", "/", "/master/")
"""Of what the master itself answers; the last two for whoever joins an address and a path that both have a slash."""

_BLANKS = str.maketrans("", "", " \t\n")

_UNTYPED = "application/octet-stream"  # what aiohttp calls a body that nobody gave a type

T = TypeVar("T", bound=Message)


class Refusal(Exception):
    """The request is answered with ``response`` and nothing was changed."""

    def __init__(self, status: int, body: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(body)
        self.response = text(status, body, headers)


def text(status: int, body: str = "", headers: Mapping[str, str] | None = None) -> web.Response:
    """A text, or an empty body."""
    if not body:
        return web.Response(status=status, headers=headers)
    return web.Response(status=status, text=body, headers=headers)


def require_method(request: web.Request, *methods: str) -> None:
    """405 for any other method."""
    if request.method not in methods:
        expected = ", ".join(f"'{method}'" for method in methods)
        raise Refusal(
            405,
            f"405 Method Not Allowed. Expecting one of {{ {expected} }}, but received '{request.method}'.",
            {"Allow": ", ".join(methods)},
        )


async def body_of(request: web.Request) -> bytes:
    """The request's body, unpacked as Mesos does it: gzip by that very name, and no other encoding is looked at."""
    body = await request.read()
    if request.headers.get("Content-Encoding") != "gzip" or not body:
        return body
    unpacking = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        unpacked = unpacking.decompress(body, request.client_max_size)
    except zlib.error:
        raise Refusal(500, "failed to decode body") from None
    if unpacking.unconsumed_tail:
        raise web.HTTPRequestEntityTooLarge(request.client_max_size, len(unpacked) + 1)
    if not unpacking.eof:
        raise Refusal(500, "failed to decode body")
    return unpacked


async def read_call(request: web.Request, cls: type[T]) -> T:
    """The call in the request's body; the Content-Type is taken literally, as Mesos does."""
    content_type = request.headers.get("Content-Type")
    if content_type is None:
        raise Refusal(400, "Expecting 'Content-Type' to be present")
    if content_type not in (JSON, PROTOBUF):
        raise Refusal(415, f"Expecting 'Content-Type' of {JSON} or {PROTOBUF}")
    body = await body_of(request)
    if content_type == PROTOBUF:
        call = cls()
        try:
            call.ParseFromString(body)
        except DecodeError:
            raise Refusal(400, "Failed to parse body into Call protobuf") from None
        if not call.IsInitialized() or not (body.isascii() or texts_are_utf8(call)):
            raise Refusal(400, "Failed to parse body into Call protobuf")
        return call
    try:
        return json_codec.loads(cls, body)
    except json_codec.JsonError as error:
        prefix = "parse body into JSON" if error.kind == "syntax" else "convert JSON into Call protobuf"
        raise Refusal(400, f"Failed to {prefix}: {error}") from None


def texts_are_utf8(message: Message) -> bool:
    """Python's protobuf hands out a string that is no UTF-8 as bytes, which nobody behind this door expects."""
    if isinstance(message, scheduler_pb2.Call) and message.type == scheduler_pb2.Call.ACKNOWLEDGE:
        # Its uuid is seldom a text, and nothing else comes as often.
        named = message.acknowledge
        texts = (message.framework_id.value, named.agent_id.value, named.task_id.value)
        return not any(isinstance(each, bytes) for each in texts)
    if isinstance(message, mesos_pb2.Resource):  # thousands of tasks ask for the same
        return _resource_is_utf8(message.SerializePartialToString())
    return _fields_are_utf8(message)


@lru_cache(maxsize=4096)
def _resource_is_utf8(written: bytes) -> bool:
    resource = mesos_pb2.Resource()
    resource.MergeFromString(written)
    return _fields_are_utf8(resource)


def _fields_are_utf8(message: Message) -> bool:
    for field, value in message.ListFields():
        parts = value if field.is_repeated else (value,)
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            try:
                parts = tuple(value.values())
            except UnicodeDecodeError:  # of a key
                return False
        for part in parts:
            if isinstance(part, Message):
                if not texts_are_utf8(part):
                    return False
            elif isinstance(part, bytes) and field.type != field.TYPE_BYTES:
                return False
    return True


def last_header(request: web.Request, name: str) -> str | None:
    """Of a header that came more than once, Mesos takes the last."""
    return request.headers.getall(name, [None])[-1]


def accepted_format(request: web.Request) -> str:
    """JSON whenever the client takes it (of q, only 0 counts), else protobuf."""
    accept = last_header(request, "Accept")
    if accept is None:
        return JSON
    for wanted in (JSON, PROTOBUF):
        if _takes(accept, wanted, "application/*", "*/*"):
            return wanted
    raise Refusal(406, f"Expecting 'Accept' to allow '{PROTOBUF}' or '{JSON}'")


def _takes(header: str, *wanted: str) -> bool:
    """Whether an Accept header allows it: the first of these names that it has decides, by its q."""
    said = [part.translate(_BLANKS).split(";") for part in header.split(",")]
    for name in wanted:
        for kind, *parameters in said:
            if kind.lower() == name:
                return _is_wanted(parameters)
    return False


def _is_wanted(parameters: list[str]) -> bool:
    """A q of which there are two counts as little as none; one that is no number refuses."""
    given = [pair[1] for each in parameters if (pair := each.split("="))[0] == "q" and len(pair) == 2]
    if len(given) != 1:
        return True
    try:
        return float(given[0]) > 0
    except ValueError:
        return False


def encoder(media_type: str) -> Callable[[Message], bytes]:
    """The function that writes messages in that format."""
    if media_type == JSON:
        return _json_of
    return lambda message: message.SerializeToString()


def _json_of(message: Message) -> bytes:
    if isinstance(message, scheduler_pb2.Event) and message.type == scheduler_pb2.Event.SUBSCRIBED:
        shown = scheduler_pb2.Event()
        shown.CopyFrom(message)
        hide_new_capabilities(shown.subscribed.master_info)
        return json_codec.dumps(shown)
    return json_codec.dumps(message)


def hide_new_capabilities(info: mesos_pb2.MasterInfo) -> None:
    """Mesos's JSON has no name for this one, its protobuf has."""
    for each in info.capabilities:
        if each.type == mesos_pb2.MasterInfo.Capability.QUOTA_V2:
            each.ClearField("type")


def body_response(request: web.Request, body: bytes, media_type: str) -> web.Response:
    """A body, compressed as Mesos does it: from 1024 bytes on, for a client that takes gzip."""
    headers = {"Content-Type": media_type}
    if len(body) >= 1024 and _takes(last_header(request, "Accept-Encoding") or "", "gzip", "*"):
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, compresslevel=1, mtime=0)
    return web.Response(body=body, headers=headers)


def authenticate(request: web.Request, credentials: Mapping[str, str]) -> str | None:
    """The principal (HTTP Basic), None when nobody has to authenticate."""
    if not credentials:
        return None
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme == "Basic":
        try:
            principal, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            principal, secret = "", ""
        if principal in credentials and credentials[principal] == secret:
            return principal
    raise Refusal(401, "401 Unauthorized.", {"WWW-Authenticate": 'Basic realm="mesos-master-scheduler"'})


def json_body(request: web.Request, body: bytes) -> web.Response:
    """JSON, or JavaScript that calls the function named by ``jsonp``."""
    function = request.query.get("jsonp")
    if function is None:
        return body_response(request, body, JSON)
    return body_response(request, function.encode() + b"(" + body + b")", "text/javascript")


_PROCESSES = {"master", "version", "metrics", "files"}


def _called_by_name(request: web.Request) -> bool:
    """Mesos decodes no more of a path than a process's name: it has ``/%6daster/health`` and no ``/%68ealth``."""
    path, resource = request.raw_path.partition("?")[0], request.match_info.route.resource
    if "%" not in path or resource is None:
        return True
    first, slash, rest = path.lstrip("/").partition("/")
    if unquote(first) in _PROCESSES:
        first = unquote(first)
    fixed = resource.canonical.partition("{")[0].replace("//", "/")
    return f"/{first}{slash}{rest}".startswith(fixed)


@web.middleware
async def plain_words(request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
    """Refusals become responses; what is not there is said in Mesos's words."""
    if not _called_by_name(request):
        return text(404, "404 Not Found.")
    try:
        response: web.StreamResponse = await handler(request)
        return response
    except Refusal as refusal:
        return refusal.response
    except web.HTTPNotFound:
        return text(404, "404 Not Found.")
    except web.RequestPayloadError:
        return text(500, "failed to decode body")
    except web.HTTPRequestEntityTooLarge as error:
        return text(413, f"The body is larger than this master takes: {error.text}")


async def bare_headers(request: web.Request, response: web.StreamResponse) -> None:
    """No type for an empty body, no server's name: as Mesos answers."""
    response.headers.popall("Server", None)
    if isinstance(response, web.Response) and not response.body and response.content_type == _UNTYPED:
        response.headers.popall("Content-Type", None)
    if request.headers.get("Connection", "").lower() == "close":
        response.headers.popall("Connection", None)  # who asked for it is not told
