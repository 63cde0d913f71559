"""Serving the page's files from memory: read and compressed once, when the page is added."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from aiohttp import web

__all__ = ["VIEWS", "add_page"]

VIEWS = ("apps", "cluster", "actors")
"""What a server may have data for: Marathon's API, Mesos's state, the feed of an observer."""

TYPES = {
    "css": "text/css",
    "html": "text/html",
    "js": "text/javascript",
    "md": "text/plain",
    "svg": "image/svg+xml",
    "txt": "text/plain",
}
IMPORT_MAP = re.compile(rb'<script type="importmap">(.*?)</script>', re.DOTALL)
HEADERS = {
    "Cache-Control": "no-cache",  # asked again each time, answered with 304: after an upgrade nobody sees the old page
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the page."""

    body: bytes
    packed: bytes
    content_type: str
    tag: str

    @classmethod
    def of(cls, name: str, body: bytes) -> Asset:
        packed = gzip.compress(body, 6, mtime=0)
        tag = hashlib.sha256(body).hexdigest()[:32]
        return cls(body, packed, TYPES.get(name.rpartition(".")[2], "text/plain"), tag)


def add_page(app: web.Application, *views: str) -> None:
    """Serve the page below ``/ui/``, with these of `VIEWS`; ``/`` leads there. Raises `ValueError` for another view."""
    unknown = set(views) - set(VIEWS)
    if unknown or not views:
        raise ValueError(f"the page has the views {', '.join(VIEWS)}; not {', '.join(sorted(unknown)) or 'none'}")
    assets = dict(_assets())
    index = assets["index.html"].body
    policy = _policy(index)
    assets[""] = assets["index.html"] = Asset.of("index.html", index.replace(b"{{views}}", " ".join(views).encode()))

    async def page(request: web.Request) -> web.StreamResponse:
        asset = assets.get(request.match_info["name"])
        if asset is None:
            raise web.HTTPNotFound(text=f"the page has no file {request.match_info['name']}")
        answer = web.Response(headers=HEADERS, content_type=asset.content_type, charset="utf-8")
        answer.headers["Content-Security-Policy"] = policy
        answer.etag = asset.tag
        if any(tag.value == asset.tag for tag in request.if_none_match or ()):
            answer.set_status(304)
        elif "gzip" in request.headers.get("Accept-Encoding", ""):
            answer.headers["Content-Encoding"] = "gzip"
            answer.body = asset.packed
        else:
            answer.body = asset.body
        return answer

    app.router.add_get("/", _to_the_page)
    app.router.add_get("/ui", _to_the_page)
    app.router.add_get("/ui/{name:.*}", page)


async def _to_the_page(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": "/ui/"})


@cache
def _assets() -> tuple[tuple[str, Asset], ...]:
    return tuple(_found(files("actors.page") / "static", ""))


def _found(folder: Traversable, prefix: str) -> list[tuple[str, Asset]]:
    found = []
    for entry in folder.iterdir():
        name = prefix + entry.name
        if entry.is_dir():
            found += _found(entry, name + "/")
        else:
            found.append((name, Asset.of(name, entry.read_bytes())))
    return found


def _policy(index: bytes) -> str:
    """Scripts are our files alone, and the import map by its digest: browsers take that one only inline."""
    match = IMPORT_MAP.search(index)
    if match is None:
        raise ValueError("index.html has no import map")
    digest = base64.b64encode(hashlib.sha256(match[1]).digest()).decode()
    return (
        f"default-src 'none'; script-src 'self' 'sha256-{digest}'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    )
