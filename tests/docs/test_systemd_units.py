"""What the pages tell an operator to install is what the commands take."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.marathon.commands.parsing import parsed

UNITS = Path(__file__).resolve().parents[2] / "docs" / "systemd"


def test_the_unit_starts_the_service_with_options_that_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    unit = (UNITS / "marathon.service").read_text().replace("\\\n", " ")
    (line,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    variables = dict(re.findall(r"^# (MARATHON_\w+)=(\S+)$", unit, re.MULTILINE))
    words = [re.sub(r"\$\{(\w+)\}", lambda found: variables[found[1]], word) for word in shlex.split(line)]
    monkeypatch.setenv("MARATHON_ZK", variables["MARATHON_ZK"])
    assert words[0].endswith("/marathon")
    assert words[1] == "serve"
    said = parsed("serve", words[2:])
    assert (said["host"], said["port"]) == ("0.0.0.0", 8443)
    assert str(said["zk"]) == "zk://zk1:2181,zk2:2181,zk3:2181/marathon"


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed here")
    unit = tmp_path / "marathon.service"
    unit.write_text((UNITS / "marathon.service").read_text().replace("/opt/marathon/bin/marathon", "/bin/true"))
    said = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60).stderr
    assert "Unknown" not in said
    assert "Failed" not in said
