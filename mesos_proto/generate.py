"""Makes the modules below ``mesos_proto/mesos`` from the ``.proto`` files below ``mesos_proto/proto``.

    python -m mesos_proto.generate

What it makes is checked in: whoever installs the distribution needs no protoc. Three things are changed in what
protoc and mypy-protobuf write:

* imports of ``mesos.v1…`` become ``mesos_proto.mesos.v1…``, since the modules live in this package, and so does the
  module that each class says it is from (pickle looks there);
* the version that a module demands of its runtime becomes the oldest that this distribution supports. protoc writes
  its own, and refuses anything older; the code it writes has been the same for all versions since then (a test
  compares);
* each folder gets an ``__init__.py``.

Needs grpcio-tools (which carries protoc) and mypy-protobuf: the extra ``dev``.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).parent
SOURCES = PACKAGE / "proto"
OLDEST_RUNTIME = (6, 33, 0)  # the lower bound of `protobuf` in pyproject.toml

_IMPORT = re.compile(r"^(from|import) mesos\.v1\b", re.MULTILINE)
_HOME = re.compile(r"'(mesos\.v1\.[\w.]+_pb2)'")
_VERSION_COMMENT = re.compile(r"^# Protobuf Python Version: .*$", re.MULTILINE)
_VERSION_CHECK = re.compile(r"(Domain\.PUBLIC,\n)(?:    \d+,\n){3}")


def render() -> dict[str, str]:
    """The text of every generated file, by its path below the package (``mesos/v1/mesos_pb2.py`` …).

    Raises:
        RuntimeError: protoc or its mypy plugin is not installed, or refused the sources; says which, and why.
    """
    protos = sorted(str(path.relative_to(SOURCES)) for path in SOURCES.rglob("*.proto"))
    with tempfile.TemporaryDirectory() as folder:
        _run_protoc(protos, folder)
        made = {
            str(path.relative_to(folder)): _adapt(path.read_text()) for path in sorted(Path(folder).rglob("*_pb2.py*"))
        }
    folders = {parent for path in made for parent in Path(path).parents if parent != Path()}
    return made | {str(folder / "__init__.py"): "" for folder in folders}


def write(files: dict[str, str]) -> None:
    """Replaces everything below ``mesos_proto/mesos`` by ``files``."""
    shutil.rmtree(PACKAGE / "mesos", ignore_errors=True)
    for name, text in files.items():
        path = PACKAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _run_protoc(protos: list[str], folder: str) -> None:
    plugin = Path(sys.executable).with_name("protoc-gen-mypy")
    if not plugin.exists():
        raise RuntimeError(f"protoc's mypy plugin is not at {plugin}: pip install 'mesos-actors[dev]'")
    options = [f"--python_out={folder}", f"--mypy_out=quiet:{folder}", f"--plugin={plugin}", f"-I{SOURCES}"]
    done = subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", *options, *protos], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"protoc (of grpcio-tools, in the extra `dev`) failed:\n{done.stderr}")


def _adapt(text: str) -> str:
    text = _IMPORT.sub(r"\1 mesos_proto.mesos.v1", text)
    text = _HOME.sub(r"'mesos_proto.\1'", text)
    text = _VERSION_COMMENT.sub(f"# Protobuf Python Version: {'.'.join(map(str, OLDEST_RUNTIME))}", text)
    return _VERSION_CHECK.sub(lambda match: match[1] + "".join(f"    {part},\n" for part in OLDEST_RUNTIME), text)


if __name__ == "__main__":
    write(render())
