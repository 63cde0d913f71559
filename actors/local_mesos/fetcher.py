"""Mesos's fetcher: brings a task's URIs into its sandbox before the task starts.

::

    http://…, https://…        downloaded
    file:///…, /…              copied (a folder is refused)

A file is named after the last part of its path, or ``output_file``. Then it is unpacked if its name says that it is
an archive (``.tar`` ``.tar.gz`` ``.tgz`` ``.tar.bz2`` ``.tbz2`` ``.tar.xz`` ``.txz`` ``.zip`` ``.gz``) and
``extract`` is not off; ``executable`` makes it executable instead. One after the other, as by Mesos's own.
"""

from __future__ import annotations

import asyncio
import gzip
import shutil
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import aiohttp

from actors.local_mesos.task_runner import FetchFailed
from mesos_proto import mesos_pb2

__all__ = ["fetch"]

TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
STALLED = 60.0  # seconds without a byte (Mesos's fetcher_stall_timeout)


async def fetch(sandbox: Path, uris: Iterable[mesos_pb2.CommandInfo.URI]) -> None:
    """Raises ``FetchFailed`` at the first that fails; what was fetched before stays."""
    await asyncio.to_thread(sandbox.mkdir, parents=True, exist_ok=True)
    for uri in uris:
        try:
            target = sandbox / _name(uri)
            await _bring(uri.value, target)
            await asyncio.to_thread(_prepare, uri, target, sandbox)
        except (OSError, ValueError, EOFError, aiohttp.ClientError, tarfile.TarError, zipfile.BadZipFile) as error:
            raise FetchFailed(f"{uri.value}: {error or type(error).__name__}") from error


def _name(uri: mesos_pb2.CommandInfo.URI) -> PurePosixPath:
    """Relative to the sandbox, and never out of it."""
    name = PurePosixPath(uri.output_file or unquote(PurePosixPath(urlsplit(uri.value).path).name))
    if name.is_absolute() or ".." in name.parts or not name.parts:
        what = f"output_file '{uri.output_file}'" if uri.output_file else "its path"
        raise ValueError(f"{what} names no file inside the sandbox")
    return name


async def _bring(value: str, target: Path) -> None:
    parts = urlsplit(value)
    await asyncio.to_thread(target.parent.mkdir, parents=True, exist_ok=True)
    match parts.scheme:
        case "http" | "https":
            await _download(value, target)
        case "file" | "" if parts.path.startswith("/"):
            await asyncio.to_thread(shutil.copyfile, unquote(parts.path), target)
        case _:
            raise ValueError("only http, https and file URIs and absolute paths can be fetched")


async def _download(url: str, target: Path) -> None:
    patience = aiohttp.ClientTimeout(total=None, sock_connect=STALLED, sock_read=STALLED)
    async with aiohttp.ClientSession(timeout=patience) as session, session.get(url) as response:
        if response.status != 200:
            raise ValueError(f"the server answered {response.status} {response.reason}")
        file = await asyncio.to_thread(target.open, "wb")
        try:
            async for chunk in response.content.iter_chunked(1 << 20):
                await asyncio.to_thread(file.write, chunk)
        finally:
            await asyncio.to_thread(file.close)


def _prepare(uri: mesos_pb2.CommandInfo.URI, target: Path, sandbox: Path) -> None:
    if uri.executable:
        target.chmod(target.stat().st_mode | 0o111)
    elif uri.extract:
        if target.name.endswith(TARS):
            with tarfile.open(target) as archive:
                archive.extractall(sandbox, filter="data")  # refuses what would leave the sandbox
        elif target.suffix == ".zip":
            with zipfile.ZipFile(target) as archive:
                archive.extractall(sandbox)
        elif target.suffix == ".gz":
            with gzip.open(target) as packed, target.with_suffix("").open("wb") as file:
                shutil.copyfileobj(packed, file)
