"""The embedded Mesos as a process of its own, with the face of `RealMesos`: tests run on either."""

import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType

import psutil

from tests.integration.ports import free_ports
from tests.integration.processes import LiveProcess, processes_in


class EmbeddedMesos:
    """``mesos-local`` with ``agents`` agents and a work dir."""

    def __init__(self, work_dir: Path, *, agents: int = 1, resources: str = "cpus:4;mem:4096;disk:10240") -> None:
        self.work_dir = work_dir
        self.agents = agents
        self.port = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = work_dir / "mesos.log"
        self._resources = resources
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, seconds: float = 60.0) -> None:
        self.work_dir.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "actors.local_mesos.command",
            "--port",
            str(self.port),
            "--agents",
            str(self.agents),
        ]
        command += ["--resources", self._resources, "--work-dir", str(self.work_dir)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + seconds
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"mesos-local did not come up:\n{self.log.read_text()[-3000:]}")
            threading.Event().wait(0.1)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(self.url + "/metrics/snapshot", timeout=5) as answer:
                text = answer.read().decode()
        except (OSError, urllib.error.URLError):
            return False
        return f'"master/slaves_active":{self.agents}' in text.replace(" ", "")

    def kill(self) -> None:
        """``kill -9``; tasks go on."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        assert self._process is not None
        psutil.Process(self._process.pid).suspend()

    def resume(self) -> None:
        assert self._process is not None
        psutil.Process(self._process.pid).resume()

    def sandbox_processes(self) -> list[LiveProcess]:
        """What runs in this cluster's sandboxes."""
        return processes_in(self.work_dir)

    def stop(self) -> None:
        """End it with its tasks."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(90)
            self._process = None
        for process in self.sandbox_processes():
            process.kill()

    def __enter__(self) -> "EmbeddedMesos":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
