"""The shell completes commands, options, and what the service knows; silently nothing when it does not answer."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from actors.marathon.commands import cli

from .conftest import Fake, Run

SHELLS = ("bash", "zsh", "fish")


def completed(*words: str, incomplete: str = "") -> list[str]:
    complete = ShellComplete(cli, {}, "marathon", "_MARATHON_COMPLETE")
    return [item.value for item in complete.get_completions(list(words), incomplete)]


def test_commands_options_and_ids_are_completed(service: Fake, run: Run) -> None:
    service.answers |= {
        "GET /v2/apps": {"apps": [{"id": "/web"}, {"id": "/shop/web"}]},
        "GET /v2/apps/web/versions": {"versions": ["2026-01-02", "2026-01-01"]},
        "GET /v2/deployments": [{"id": "d1"}, {"id": "e2"}],
    }
    assert set(completed(incomplete="de")) == {"deploy", "destroy", "deployments"}
    assert "--wait-timeout" in completed("deploy", incomplete="--")
    assert completed("scale", incomplete="/w") == ["/web"]
    assert completed("logs", incomplete="w") == ["web"]
    assert completed("rollback", "web", incomplete="2026-01-02") == ["2026-01-02"]
    assert completed("deployments", "watch", incomplete="d") == ["d1"]


def test_without_a_service_nothing_is_completed_and_nothing_said(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MARATHON_URL", "http://127.0.0.1:9")
    assert completed("scale", incomplete="/") == []
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_each_shell_is_one_that_it_can_read(run: Run, shell: str, tmp_path: Path) -> None:
    script = run("completion", shell).stdout
    assert "_MARATHON_COMPLETE" in script
    binary = shutil.which(shell)
    if binary is None:
        pytest.skip(f"{shell} is not installed")
    file = tmp_path / "completion"
    file.write_text(script)
    assert subprocess.run([binary, "-n", str(file)], check=False).returncode == 0


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_with_it(run: Run, service: Fake, tmp_path: Path) -> None:
    service.answers["GET /v2/apps"] = {"apps": [{"id": "/web"}]}
    (tmp_path / "marathon").write_text(f'#!/bin/sh\nexec {sys.executable} -m actors.marathon "$@"\n')
    (tmp_path / "marathon").chmod(0o755)
    script = f"""
        PATH={tmp_path}:$PATH
        eval "$(marathon completion bash)"
        COMP_WORDS=(marathon scale /w); COMP_CWORD=2
        _marathon_completion marathon
        echo "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["/web"], done.stderr
