"""Mesos's fetcher: brings a task's URIs into its sandbox before the task starts.

::

    http://…, https://…        downloaded
    file:///…, /…              copied (a folder is refused)

A file is named after the last part of its path, or ``output_file``. Then it is unpacked if its name says that it is
an archive (``.tar`` ``.tar.gz`` ``.tgz`` ``.tar.bz2`` ``.tbz2`` ``.tar.xz`` ``.txz`` ``.zip`` ``.gz``) and
``extract`` is not off; ``executable`` makes it executable instead. One after the other, as by Mesos's own.

Unlike by Mesos's own, nobody fills the disk: a download or copy ends in an error where little would be left for others,
and so does an archive that unpacks to far more than it is itself.
"""

from __future__ import annotations

import asyncio
import gzip
import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import unquote, urlsplit

import aiohttp

from actors.local_mesos.task_runner import FetchFailed
from mesos_proto import mesos_pb2

__all__ = ["fetch"]

TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
STALLED = 60.0  # seconds without a byte (Mesos's fetcher_stall_timeout)
LEFT = 256 << 20  # bytes of the disk that stay free for the agent's own records and for other tasks
BOMB = 1 << 30  # bytes that any archive may unpack to; one of more may unpack to at most
TIMES = 100  # its own size so often
CHUNK = 1 << 20

_BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)


async def fetch(sandbox: Path, uris: Iterable[mesos_pb2.CommandInfo.URI]) -> None:
    """Raises ``FetchFailed`` at the first that fails; what was fetched before stays."""
    await asyncio.to_thread(sandbox.mkdir, parents=True, exist_ok=True)
    for uri in uris:
        try:
            target = sandbox / _name(uri)
            await _bring(uri.value, target)
            await asyncio.to_thread(_prepare, uri, target, sandbox)
        except (OSError, ValueError, EOFError, aiohttp.ClientError, *_BROKEN) as error:
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
            await asyncio.to_thread(_copy, Path(unquote(parts.path)), target)
        case _:
            raise ValueError("only http, https and file URIs and absolute paths can be fetched")


async def _download(url: str, target: Path) -> None:
    patience = aiohttp.ClientTimeout(total=None, sock_connect=STALLED, sock_read=STALLED)
    async with aiohttp.ClientSession(timeout=patience) as session, session.get(url) as response:
        if response.status != 200:
            raise ValueError(f"the server answered {response.status} {response.reason}")
        file = await asyncio.to_thread(target.open, "wb")
        try:
            async for chunk in response.content.iter_chunked(CHUNK):
                await asyncio.to_thread(_write, file, chunk, target)
        finally:
            await asyncio.to_thread(file.close)


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as given, target.open("wb") as file:
        _pour(given, file, target, None)


def _pour(source: IO[bytes], file: IO[bytes], target: Path, limit: int | None) -> None:
    """Raises ``ValueError`` beyond ``limit`` bytes."""
    poured = 0
    while chunk := source.read(CHUNK):
        poured += len(chunk)
        _hold_to(limit, poured)
        _write(file, chunk, target)


def _write(file: IO[bytes], chunk: bytes, target: Path) -> None:
    free = shutil.disk_usage(target.parent).free
    if free - len(chunk) < LEFT:
        raise OSError(f"it does not fit: {free >> 20} MB are free on the disk, of which {LEFT >> 20} MB stay free")
    file.write(chunk)


def _prepare(uri: mesos_pb2.CommandInfo.URI, target: Path, sandbox: Path) -> None:
    if uri.executable:
        target.chmod(target.stat().st_mode | 0o111)
    elif uri.extract:
        limit = max(BOMB, TIMES * target.stat().st_size)
        if target.name.endswith(TARS):
            _untar(target, sandbox, limit)
        elif target.suffix == ".zip":
            with zipfile.ZipFile(target) as archive:
                _hold_to(limit, sum(info.file_size for info in archive.infolist()))  # no more than that is unpacked
                archive.extractall(sandbox)
        elif target.suffix == ".gz":
            unpacked = target.with_suffix("")
            with gzip.open(target) as packed, unpacked.open("wb") as file:
                _pour(packed, file, unpacked, limit)  # type: ignore[arg-type]


def _untar(target: Path, sandbox: Path, limit: int) -> None:
    if not hasattr(tarfile, "data_filter"):  # Python 3.11.3 and before, unless a distribution has mended it
        raise ValueError("this Python cannot unpack a tar safely: upgrade it, or set extract to false")
    unpacked = 0
    with tarfile.open(target) as archive:
        for member in archive:
            unpacked += member.size
            _hold_to(limit, unpacked)
            archive.extract(member, sandbox, filter="data")  # refuses what would leave the sandbox


def _hold_to(limit: int | None, unpacked: int) -> None:
    if limit is not None and unpacked > limit:
        raise ValueError(f"it unpacks to more than {limit >> 20} MB, which is more than {TIMES} times its own size")
