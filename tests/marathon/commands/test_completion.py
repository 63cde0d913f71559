"""The shell completes commands, options, and what the service knows; silently nothing when it does not answer."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from actors.marathon.commands import cli
from tests.integration import shells
from tests.integration.parts import real_or_skip

from .conftest import Fake, Run

SHELLS = ("bash", "zsh", "fish")


def completed(*words: str, incomplete: str = "") -> list[str]:
    complete = ShellComplete(cli, {}, "marathon", "_MARATHON_COMPLETE")
    return [item.value for item in complete.get_completions(list(words), incomplete)]


def test_commands_options_and_ids_are_completed(service: Fake, run: Run) -> None:
    service.answers |= {
        "GET /v2/apps": {"apps": [{"id": "/web"}, {"id": "/shop/web"}]},
        "GET /v2/pods": [{"id": "/wiki"}],
        "GET /v2/apps/web/versions": {"versions": ["2026-01-02", "2026-01-01"]},
        "GET /v2/deployments": [{"id": "d1"}, {"id": "e2"}],
    }
    assert set(completed(incomplete="de")) == {"deploy", "destroy", "deployments"}
    assert "--wait-timeout" in completed("deploy", incomplete="--")
    assert completed("scale", incomplete="/w") == ["/web", "/wiki"]
    assert completed("logs", incomplete="w") == ["web", "wiki"]
    assert completed("rollback", "web", incomplete="2026-01-02") == ["2026-01-02"]
    assert completed("deployments", "watch", incomplete="d") == ["d1"]


def test_without_a_service_nothing_is_completed_and_nothing_said(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MARATHON_URL", "http://127.0.0.1:9")
    assert completed("scale", incomplete="/") == []
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_is_answered_in_its_own_form(service: Fake, run: Run, shell: str) -> None:
    """As the scripts ask: by the environment. What is completed comes from one source, `click.ShellComplete`."""
    service.answers["GET /v2/apps"] = {"apps": [{"id": "/web"}]}
    asked = {"COMP_WORDS": "marathon scale /w", "COMP_CWORD": "/w" if shell == "fish" else "2"}
    answer = run(env={"_MARATHON_COMPLETE": f"{shell}_complete", **asked}).stdout
    assert answer.split() == {"bash": ["plain,/web"], "zsh": ["plain", "/web", "_"], "fish": ["plain,/web"]}[shell]


ASKS = {
    "bash": """
        eval "$(marathon completion bash)"
        COMP_WORDS=(marathon scale /w); COMP_CWORD=2
        _marathon_completion marathon
        echo "${COMPREPLY[@]}"
    """,
    # Without a terminal zsh's own functions have nobody to show to: in their place stand some that print.
    "zsh": """
        compdef() { [[ $1 = _marathon_completion && $2 = marathon ]] || exit 9 }
        compadd() { while [[ $1 = -* ]]; do [[ $1 = -[VJXDQ] ]] && shift; shift; done; print -r -- "$@" "${(P@)1}" }
        _describe() { print -r -- "${(P@)3}" }
        eval "$(marathon completion zsh)"
        words=(marathon scale /w); CURRENT=3
        _marathon_completion
    """,
    "fish": """
        marathon completion fish | source
        complete -C "marathon scale /w"
    """,
}


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_completes_with_its_script(run: Run, service: Fake, shell: str, tmp_path: Path) -> None:
    binary = real_or_skip(shell, partial(shells.install, shell))
    service.answers["GET /v2/apps"] = {"apps": [{"id": "/web"}]}
    (tmp_path / "marathon").write_text(f'#!/bin/sh\nexec {sys.executable} -P -m actors.marathon "$@"\n')
    (tmp_path / "marathon").chmod(0o755)
    bare = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [binary, *bare, "-c", ASKS[shell]],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": path},
    )
    assert "/web" in done.stdout.split(), done.stderr
    assert done.stderr == ""
