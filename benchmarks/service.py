"""The whole service in a process of its own, driven over HTTP as its users do: for what deployments cost.

    with Service("process") as service:
        seconds, cpu = service.deploy(1_000)    from the POST to `deployment_success`, which is when all of them run
        seconds, cpu = service.destroy()        from the DELETE to `deployment_success`, which is when all are gone

It is what ``marathon up`` starts (two agents, the journal synced to disk at each commit), with real or with simulated
tasks. CPU is that of the service and of the agents' task runners; not that of the tasks, which is the same whoever
starts them, and not that of this client.

    python -m benchmarks.service process|simulated FOLDER AGENTS_FOLDER     the service's side
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from typing import Self  # peers are measured under Python 3.10, too

from benchmarks.run import ROOT

APP = "/benchmark"
RESOURCES = "cpus:1000;mem:1000000;disk:1000000;ports:[20000-29999]"  # per agent; more than enough for 10,000 in all
START, PATIENCE, SETTLE = 30.0, 170.0, 1.0  # seconds


class Spent(NamedTuple):
    """``seconds`` on the wall, ``cpu`` in seconds."""

    seconds: float
    cpu: float


class Service:
    """``runner`` is "process" or "simulated". ``in_memory``: what agents keep (sandboxes, checkpoints) lies on tmpfs;
    the service's journal is on the disk all the same.
    """

    def __init__(self, runner: str, *, in_memory: bool = False) -> None:
        self._runner = runner
        self._agents_in = "/dev/shm" if in_memory else None

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="benchmark-")
        self._log = Path(self._folder.name) / "log"
        self._agents = tempfile.TemporaryDirectory(prefix="benchmark-", dir=self._agents_in)
        command = [sys.executable, "-m", "benchmarks.service", self._runner, self._folder.name, self._agents.name]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        try:
            self.address = self._answering()
        except BaseException:
            self._end()
            raise
        self._events = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        self._events.request("GET", "/v2/events?event_type=deployment_success&event_type=deployment_failed")
        self._stream = self._events.getresponse()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._events.close()
        self._end()

    def _end(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._folder.cleanup()
        self._agents.cleanup()

    def _answering(self) -> str:
        end = time.monotonic() + START
        while time.monotonic() < end and self._process.poll() is None:
            said = self._log.read_text()
            if "registered with Mesos" in said and "Marathon answers at http://" in said:
                return said.partition("Marathon answers at http://")[2].split()[0]
            time.sleep(0.05)
        raise RuntimeError(f"the service did not start within {START:g} s: {self._log.read_text()[-500:]}")

    # -- what is measured

    def deploy(self, instances: int) -> Spent:
        """An app of so many ``sleep`` from the POST to the end of its deployment; all of them then run."""
        app = {"id": APP, "cmd": "sleep 1000", "cpus": 0.01, "mem": 1, "instances": instances}
        spent = self._deployment("POST", "/v2/apps", app)
        running = self.ask("GET", f"/v2/apps/{APP}")["app"]["tasksRunning"]
        assert running == instances, f"{running} of {instances} instances run"
        return spent

    def destroy(self) -> Spent:
        """From the DELETE of the app to the end of the deployment; none of its tasks is left then."""
        return self._deployment("DELETE", f"/v2/apps/{APP}", None)

    def _deployment(self, method: str, path: str, body: Any) -> Spent:
        cpu, start = self.cpu(), time.monotonic()
        self.ask(method, path, body)
        while not (line := self._stream.readline().decode()).startswith("event: "):
            assert line, "the event stream ended"
        seconds = time.monotonic() - start
        assert line.strip() == "event: deployment_success", line
        time.sleep(SETTLE)  # the last acknowledgements are its cost, too
        return Spent(seconds, self.cpu() - cpu)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request; the JSON of its answer."""
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status >= 300:
                raise RuntimeError(f"{method} {path} was answered {answer.status}: {text[:300]!r}")
            return json.loads(text) if text else None
        finally:
            connection.close()

    def cpu(self) -> float:
        """Seconds of CPU so far, of the service and of the task runners, its children."""
        import psutil

        service = psutil.Process(self._process.pid)
        times = [each.cpu_times() for each in (service, *service.children())]
        return sum(time.user + time.system for time in times)


def main(runner: str, folder: str, agents: str) -> None:
    """Runs until SIGTERM."""
    import click

    from actors import ActorSystem
    from actors.local_mesos.local import LocalMesos
    from actors.marathon.commands._options import ServiceOptions, with_service
    from actors.marathon.commands._service import Mesos, run

    async def start(system: ActorSystem, options: ServiceOptions) -> Mesos:
        place = Path(agents) / "mesos" if runner == "process" else None
        local = await LocalMesos.start(system, port=0, resources=RESOURCES, work_dir=place, runner=runner)
        return Mesos(local.url, stop=local.stop)

    @click.command()
    @with_service
    def up(service: ServiceOptions) -> None:
        run(service, start)

    up(["--port", "0", "--work-dir", folder])


if __name__ == "__main__":
    main(*sys.argv[1:])
