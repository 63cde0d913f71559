"""What the page is made of, and how it is served."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from actors.http import serve
from actors.page import add_page

STATIC = Path(str(files("actors.page") / "static"))
LIMIT = 500_000  # bytes that a browser without compression loads


@pytest.fixture
async def url() -> AsyncIterator[str]:
    app = web.Application()
    add_page(app, "apps", "actors")
    server = await serve(app)
    yield server.url
    await server.close()


def shipped() -> list[Path]:
    return [path for path in STATIC.rglob("*") if path.is_file()]


def test_all_of_it_is_under_500_kilobytes() -> None:
    assert 100_000 < sum(path.stat().st_size for path in shipped()) < LIMIT


def test_the_libraries_are_the_ones_that_were_taken_from_the_registry() -> None:
    lines = (STATIC / "vendor" / "CHECKSUMS").read_text().splitlines()
    expected = dict(reversed(line.split()) for line in lines)
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (STATIC / "vendor").iterdir()
        if path.suffix in (".js", ".css")
    }
    assert found == expected
    licences = {path.stem for path in (STATIC / "vendor" / "licences").iterdir()}
    assert licences == {"preact", "htm", "uplot", "dagre"}


def test_nothing_is_loaded_from_elsewhere_and_nothing_is_made_of_markup() -> None:
    for path in shipped():
        text = path.read_text()
        if path.suffix in (".html", ".css", ".js") and "vendor" not in path.parts:
            assert not re.search(r"""(src|href|url|import|from|fetch)\W{1,3}https?://""", text), path
            assert not re.search(r"dangerouslySetInnerHTML|innerHTML|insertAdjacentHTML|document\.write|\beval\(", text)


def test_every_module_that_is_imported_is_there() -> None:
    for path in STATIC.rglob("*.js"):
        if "vendor" in path.parts:
            continue
        for name in re.findall(r"""from "(\.[^"]+)\"""", path.read_text()):
            assert (path.parent / name).resolve().is_file(), f"{path.name} imports {name}"


async def test_the_root_leads_to_the_page_which_names_its_views(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(url, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (302, "/ui/")
        async with session.get(url) as answer:
            assert answer.content_type == "text/html"
            assert '<meta name="views" content="apps actors">' in await answer.text()


async def test_only_its_own_scripts_may_run(url: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(url + "/ui/") as answer:
        policy, text = answer.headers["Content-Security-Policy"], await answer.text()
    inline = re.findall(r"<script type=\"importmap\">(.*?)</script>", text, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in inline]
    assert re.search(r"script-src ([^;]*);", policy)[1] == f"'self' 'sha256-{digests[0]}'"  # type: ignore[index]
    assert "default-src 'none'" in policy
    assert len(digests) == 1
    assert "unsafe" not in policy


async def test_a_file_that_did_not_change_is_not_sent_again(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(url + "/ui/main.js") as first:
            assert first.headers["Content-Encoding"] == "gzip"
            assert first.content_type == "text/javascript"
            tag = first.headers["ETag"]
        async with session.get(url + "/ui/main.js", headers={"If-None-Match": tag}) as second:
            assert (second.status, await second.read()) == (304, b"")


@pytest.mark.parametrize("name", ["../assets.py", "%2e%2e/assets.py", "/etc/passwd", "nothing.js", "style", "style/"])
async def test_only_the_page_s_files_are_served(url: str, name: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(url + "/ui/" + name) as answer:
        assert answer.status == 404


def test_a_view_that_does_not_exist_is_named() -> None:
    with pytest.raises(ValueError, match="not pods"):
        add_page(web.Application(), "apps", "pods")
