"""One real Mesos cluster, started, killed and started again by a test."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from http.client import HTTPException
from pathlib import Path
from types import TracebackType

from tests.integration.parts import Unavailable, real_or_skip
from tests.integration.ports import free_ports
from tests.integration.processes import LiveProcess, processes_in

from .installation import HERE, install

_ROOT = HERE.parents[2]


def real_mesos_or_skip() -> Path:
    """The installed Mesos; without one, the test skips and says why (with ``CI=true`` it fails)."""
    return real_or_skip("real Mesos", install)


class RealMesos:
    """A master with ``agents`` agents. ``work_dir`` keeps registry, sandboxes and log from one start to the next.

    The master's API is at ``url``; agent N (from 1) answers at ``port + N``.
    """

    def __init__(
        self,
        work_dir: Path,
        *,
        agents: int = 1,
        resources: str = "cpus:4;mem:4096;disk:10240;ports:[31000-31999]",
        attributes: str = "",
        flags: dict[str, str] | None = None,
    ) -> None:
        self.work_dir = work_dir
        self.agents = agents
        self.port = free_ports(1 + agents)
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = work_dir / "mesos.log"
        self._resources = resources
        self._attributes = attributes
        self._flags = flags or {}
        self._cluster: subprocess.Popen[bytes] | None = None
        self._addresses: subprocess.Popen[bytes] | None = None

    def start(self, seconds: float = 60.0) -> None:
        """Start, and wait until the master has recovered and every agent is registered."""
        home = install()
        self.work_dir.mkdir(parents=True, exist_ok=True)
        log = self.log.open("ab")
        cluster = [str(home / "start-cluster"), str(home / "mesos.so")]
        addresses = [sys.executable, "-m", "tests.integration.real_mesos.agent_addresses"]
        addresses += [str(self.port), str(self.agents)]
        with log:
            # From one start to the next: executors have a few seconds to find their agent at its address again.
            self._addresses = self._addresses or subprocess.Popen(
                addresses, cwd=_ROOT, stdout=log, stderr=log, start_new_session=True
            )
            self._cluster = subprocess.Popen(
                cluster, env=self._environment(home), stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + seconds
        while not self._ready():
            ended = self._cluster.poll() is not None or self._addresses.poll() is not None
            if ended or time.monotonic() > deadline:
                self.stop()
                raise Unavailable(
                    f"Mesos did not come up at {self.url}:\n{self.log.read_text(errors='replace')[-3000:]}"
                )
            threading.Event().wait(0.1)

    def kill(self) -> None:
        """``kill -9`` of master and agents. Tasks of frameworks that checkpoint go on."""
        if self._cluster is not None:
            self._cluster.kill()
            self._cluster.wait()
            self._cluster = None

    def pause(self) -> None:
        """SIGSTOP: the sockets stay open and say nothing more."""
        assert self._cluster is not None
        self._cluster.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._cluster is not None
        self._cluster.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End everything, executors and tasks included."""
        self.kill()
        if self._addresses is not None:
            self._addresses.kill()
            self._addresses.wait()
            self._addresses = None
        for process in self.sandbox_processes():
            process.kill()

    def sandbox_processes(self) -> list[LiveProcess]:
        """The executors and tasks that run in this cluster's sandboxes."""
        return processes_in(self.work_dir)

    def _ready(self) -> bool:
        metrics = "/metrics/snapshot"
        try:
            with urllib.request.urlopen(self.url + metrics, timeout=5) as answer:
                text = answer.read().decode()
            for agent in range(1, self.agents + 1):
                socket.create_connection(("127.0.0.1", self.port + agent), timeout=5).close()
        except (OSError, HTTPException):
            return False
        return '"master/elected":1' in text and f'"master/slaves_active":{self.agents}' in text

    def _environment(self, home: Path) -> dict[str, str]:
        path = os.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin")
        environment = {
            "PATH": path,
            "HOME": os.environ.get("HOME", "/"),
            "LANG": "C.UTF-8",
            "LD_LIBRARY_PATH": str(home / "lib"),
            "LIBPROCESS_IP": "127.0.0.1",
            "LIBPROCESS_PORT": str(self.port),
            "MESOS_NUM_SLAVES": str(self.agents),
            "MESOS_WORK_DIR": str(self.work_dir.resolve()),
            "MESOS_HOSTNAME": "127.0.0.1",
            "MESOS_REGISTRY": "replicated_log",
            "MESOS_RESOURCES": self._resources,
            "MESOS_LAUNCHER": "posix",
            "MESOS_LAUNCHER_DIR": str(HERE / "launcher"),
            "MESOS_ISOLATION": "posix/cpu,posix/mem",
            "MESOS_HTTP_COMMAND_EXECUTOR": "true",
            # Mesos gives executors 2 s to subscribe again after a restart, which a busy machine may not give them.
            "MESOS_EXECUTOR_REREGISTRATION_TIMEOUT": "5secs",
            "MESOS_EXECUTOR_ENVIRONMENT_VARIABLES": f'{{"PATH": "{path}"}}',
        }
        if self._attributes:
            environment["MESOS_ATTRIBUTES"] = self._attributes
        return environment | self._flags

    def __enter__(self) -> "RealMesos":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
