"""``marathon backup`` and ``marathon restore``: from a running service to one in another place, and back."""

import gzip
import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from actors.marathon.commands import cli
from tests.integration.ports import free_port

from .test_service import Start, start, url_of

pytestmark = pytest.mark.real
__all__ = ["start"]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], prog_name="marathon")


def call(url: str, method: str = "GET", body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def serve(start: Start, work_dir: Path) -> tuple[Any, str]:
    master = f"http://127.0.0.1:{free_port()}"
    process = start("serve", "--master", master, "--port", "0", "--work-dir", str(work_dir))
    return process, url_of(process)


def test_a_running_service_is_backed_up_and_lives_on_elsewhere(start: Start, tmp_path: Path) -> None:
    first, url = serve(start, tmp_path / "first")
    for instances in (1, 2):
        call(f"{url}/v2/apps/shop/web?force=true", "PUT", {"cmd": "sleep 1", "instances": instances})
    versions = call(f"{url}/v2/apps/shop/web/versions")["versions"]
    file = tmp_path / "marathon.backup"
    made = run("backup", file, "--work-dir", tmp_path / "first")
    assert made.exit_code == 0, made.stderr
    call(f"{url}/v2/apps/later", "PUT", {"cmd": "sleep 1"})
    first.terminate()
    first.communicate(timeout=90)

    put_back = run("restore", file, "--work-dir", tmp_path / "second")
    assert put_back.exit_code == 0, put_back.stderr
    assert {path.name for path in (tmp_path / "second").iterdir()} == {
        "cluster", "marathon.journal", "marathon.journal-ack",
    }  # fmt: skip
    second, url = serve(start, tmp_path / "second")
    assert [(app["id"], app["instances"]) for app in call(f"{url}/v2/apps")["apps"]] == [("/shop/web", 2)]
    assert call(f"{url}/v2/apps/shop/web/versions")["versions"] == versions
    assert len(call(f"{url}/v2/deployments")) == 1
    second.terminate()
    second.communicate(timeout=90)

    again = run("restore", file, "--work-dir", tmp_path / "second")
    assert again.exit_code == 1
    assert "holds a state already" in again.stderr


def test_a_work_dir_in_use_is_not_restored_into(start: Start, tmp_path: Path) -> None:
    _, url = serve(start, tmp_path / "work")
    call(f"{url}/v2/apps/x", "PUT", {"cmd": "sleep 1"})
    file = tmp_path / "backup"
    assert run("backup", file, "--work-dir", tmp_path / "work").exit_code == 0
    refused = run("restore", file, "--work-dir", tmp_path / "work")
    assert refused.exit_code == 1
    assert "held" in refused.stderr or "process" in refused.stderr


def test_what_cannot_be_done_is_said_with_the_remedy(tmp_path: Path) -> None:
    missing = run("backup", tmp_path / "file", "--work-dir", tmp_path)
    assert (missing.exit_code, "holds no state" in missing.stderr, "--work-dir" in missing.stderr) == (1, True, True)
    assert run("restore", tmp_path / "none", "--work-dir", tmp_path / "new").exit_code == 1
    broken = tmp_path / "broken"
    broken.write_bytes(b"tar")
    refused = run("restore", broken, "--work-dir", tmp_path / "new")
    assert (refused.exit_code, "is no usable backup" in refused.stderr) == (1, True)
    newer = tmp_path / "newer"
    newer.write_bytes(gzip.compress(b'{"journal-backup":1,"about":{"state":99}}\n{"streams":0}\n'))
    refused = run("restore", newer, "--work-dir", tmp_path / "new")
    assert (refused.exit_code, "newer version" in refused.stderr) == (1, True)
    assert not (tmp_path / "new" / "marathon.journal").exists()


def test_a_restore_that_was_interrupted_is_begun_anew(start: Start, tmp_path: Path) -> None:
    process, _ = serve(start, tmp_path / "work")
    process.terminate()
    process.communicate(timeout=90)
    file = tmp_path / "backup"
    assert run("backup", file, "--work-dir", tmp_path / "work").exit_code == 0
    new = tmp_path / "new"
    new.mkdir()
    for name in ("", "-wal", "-ack", "-lock"):
        (new / f"marathon.journal.restoring{name}").write_bytes(b"half")
    assert run("restore", file, "--work-dir", new).exit_code == 0
    assert run("backup", tmp_path / "again", "--work-dir", new).exit_code == 0
