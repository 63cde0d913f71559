"""URIs on their way into a sandbox: brought, unpacked or made executable, and refused where they would lead out."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiohttp import web

from actors.http import serve
from actors.local_mesos import fetcher
from actors.local_mesos.fetcher import fetch
from actors.local_mesos.task_runner import FetchFailed
from mesos_proto import mesos_pb2

URI = mesos_pb2.CommandInfo.URI


def tar(mode: str, name: str = "inner/file") -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=mode) as archive:
        info = tarfile.TarInfo(name)
        info.size = 5
        archive.addfile(info, io.BytesIO(b"hello"))
    return data.getvalue()


def zipped() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("inner/file", "hello")
    return data.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.tar", tar("w")),
        ("a.tar.gz", tar("w:gz")),
        ("a.tgz", tar("w:gz")),
        ("a.tar.bz2", tar("w:bz2")),
        ("a.txz", tar("w:xz")),
        ("a.zip", zipped()),
    ],
)
async def test_an_archive_is_unpacked_by_its_name(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    sandbox = tmp_path / "sandbox"
    await fetch(sandbox, [URI(value=f"file://{tmp_path}/{name}")])
    assert (sandbox / "inner" / "file").read_text() == "hello"
    assert (sandbox / name).exists()


async def test_an_archive_is_left_alone_when_asked(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(tar("w"))
    await fetch(tmp_path / "sandbox", [URI(value=str(tmp_path / "a.tar"), extract=False)])
    assert os.listdir(tmp_path / "sandbox") == ["a.tar"]


async def test_a_single_gzipped_file_is_unpacked(tmp_path: Path) -> None:
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"hello"))
    await fetch(tmp_path / "sandbox", [URI(value=str(tmp_path / "a.txt.gz"))])
    assert (tmp_path / "sandbox" / "a.txt").read_text() == "hello"


async def test_a_program_is_made_executable_under_the_name_it_is_given(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("#!/bin/sh\n")
    await fetch(tmp_path / "sandbox", [URI(value=str(tmp_path / "run"), executable=True, output_file="bin/go")])
    assert os.access(tmp_path / "sandbox" / "bin" / "go", os.X_OK)


async def test_a_file_is_downloaded_whole(tmp_path: Path) -> None:
    data = bytes(range(256)) * 10_000

    async def give(request: web.Request) -> web.Response:
        return web.Response(body=data)

    app = web.Application()
    app.router.add_get("/files/data", give)
    server = await serve(app)
    await fetch(tmp_path / "sandbox", [URI(value=f"{server.url}/files/data?version=3")])
    assert (tmp_path / "sandbox" / "data").read_bytes() == data
    with pytest.raises(FetchFailed, match=r"/nothing: the server answered 404 Not Found"):
        await fetch(tmp_path / "sandbox", [URI(value=f"{server.url}/nothing")])
    await server.close()


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        (URI(value="/no/such/file"), "No such file"),
        (URI(value="hdfs://cluster/file"), "only http, https and file URIs"),
        (URI(value="relative/file"), "only http, https and file URIs"),
        (URI(value="http://host/"), "its path names no file"),
        (URI(value="/etc/passwd", output_file="../passwd"), "'../passwd' names no file inside the sandbox"),
        (URI(value="/etc/passwd", output_file="/tmp/passwd"), "'/tmp/passwd' names no file inside the sandbox"),
    ],
)
async def test_what_cannot_be_fetched_is_named_with_the_reason(tmp_path: Path, uri: URI, why: str) -> None:
    with pytest.raises(FetchFailed, match=f"{uri.value}: .*{why}"):
        await fetch(tmp_path / "sandbox", [uri])


async def test_an_archive_cannot_write_outside_the_sandbox(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(tar("w", "../escaped"))
    with pytest.raises(FetchFailed, match="outside"):
        await fetch(tmp_path / "sandbox", [URI(value=str(tmp_path / "a.tar"))])
    assert not (tmp_path / "escaped").exists()


async def test_an_archive_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("not a zip")
    with pytest.raises(FetchFailed, match=r"a\.zip: File is not a zip file"):
        await fetch(tmp_path / "sandbox", [URI(value=str(tmp_path / "a.zip"))])


def bomb(name: str) -> bytes:
    """Twenty megabytes of nothing."""
    data, nothing = io.BytesIO(), bytes(20 << 20)
    if name == "a.gz":
        return gzip.compress(nothing)
    if name == "a.zip":
        with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("file", nothing)
        return data.getvalue()
    with tarfile.open(fileobj=data, mode="w:xz") as archive:
        info = tarfile.TarInfo("file")
        info.size = len(nothing)
        archive.addfile(info, io.BytesIO(nothing))
    return data.getvalue()


@pytest.mark.parametrize("name", ["a.gz", "a.zip", "a.tar.xz"])
async def test_an_archive_that_unpacks_to_far_more_than_it_is_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(fetcher, "BOMB", 10 << 20)
    (tmp_path / name).write_bytes(bomb(name))
    with pytest.raises(FetchFailed, match="unpacks to more than 10 MB, which is more than 100 times its own size"):
        await fetch(tmp_path / "sandbox", [URI(value=str(tmp_path / name))])
    assert sum(path.stat().st_size for path in (tmp_path / "sandbox").iterdir()) < 11 << 20


async def test_a_body_that_never_ends_does_not_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = iter(range(1 << 30, 0, -(64 << 20)))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=next(free)))

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(1 << 16))

    app = web.Application()
    app.router.add_get("/file", endless)
    server = await serve(app)
    with pytest.raises(FetchFailed, match=r"it does not fit: .* MB are free on the disk, of which 256 MB stay free"):
        await fetch(tmp_path / "sandbox", [URI(value=f"{server.url}/file")])
    await server.close()


@pytest.mark.parametrize("target", ["/etc", "../.."])
async def test_a_link_out_of_the_sandbox_is_not_unpacked(tmp_path: Path, target: str) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, target
        archive.addfile(link)
        info = tarfile.TarInfo("link/hosts")
        archive.addfile(info, io.BytesIO())
    (tmp_path / "a.tar").write_bytes(data.getvalue())
    with pytest.raises(FetchFailed, match=r"outside|absolute"):
        await fetch(tmp_path / "sandbox", [URI(value=str(tmp_path / "a.tar"))])
    assert not (tmp_path / "sandbox" / "link").is_symlink()
