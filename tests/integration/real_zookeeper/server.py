"""One ZooKeeper server, started, killed and started again by a test."""

import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from types import TracebackType

from actors.remote import Tls
from tests.integration.parts import Unavailable, install_debian_packages, real_or_skip
from tests.integration.ports import free_ports

_JAR = Path("/usr/share/java/zookeeper.jar")  # its manifest names all that it needs
_CLASSES = ":".join(  # a log, and a server with TLS, need more than the manifest names
    str(_JAR.with_name(f"{name}.jar"))
    for name in ("zookeeper", "slf4j-simple", "netty-codec", "netty-resolver", "netty-transport-native-unix-common")
)
_TICK = 500  # milliseconds; a session lasts from 2 to 20 of these
_LOGGING = {"defaultLogLevel": "warn", "showDateTime": "true", "dateTimeFormat": "HH:mm:ss,SSS"}  # of slf4j-simple


def install() -> Path:
    """The installed server. Raises `Unavailable`."""
    install_debian_packages("zookeeper")
    if not _JAR.exists():
        raise Unavailable(f"Debian's package zookeeper is installed, and yet {_JAR} is not there")
    return _JAR


def real_zookeeper_or_skip() -> Path:
    """The installed ZooKeeper; without one, the test skips and says why (with ``CI=true`` it fails)."""
    return real_or_skip("real ZooKeeper", install)


class RealZooKeeper:
    """A server on a free port of 127.0.0.1, at ``hosts``. ``folder`` keeps its data from one start to the next.

    Writes wait for no disk, which may take a busy machine longer than a session lasts; a kill they survive all the
    same. With ``tls`` it takes only clients with a certificate of its authority.
    """

    def __init__(self, folder: Path, *, tls: Tls | None = None) -> None:
        self._tls = tls
        self.port = free_ports(1)
        self.hosts = f"127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, seconds: float = 60.0) -> None:
        """Start, and wait until it serves."""
        self._folder.mkdir(parents=True, exist_ok=True)
        settings = {
            "tickTime": _TICK,
            "dataDir": self._folder / "data",
            "admin.enableServer": "false",
            "4lw.commands.whitelist": "srvr",
            "forceSync": "no",
        }
        if self._tls is None:
            settings |= {"clientPort": self.port, "clientPortAddress": "127.0.0.1"}
        else:
            both = self._folder / "server.pem"
            both.write_text(Path(self._tls.key).read_text() + Path(self._tls.certificate).read_text())
            settings |= {
                "secureClientPort": self.port,
                "secureClientPortAddress": "127.0.0.1",
                "serverCnxnFactory": "org.apache.zookeeper.server.NettyServerCnxnFactory",
                "ssl.keyStore.location": both,
                "ssl.keyStore.type": "PEM",
                "ssl.trustStore.location": self._tls.authority,
                "ssl.trustStore.type": "PEM",
            }
        configuration = self._folder / "zoo.cfg"
        configuration.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        logging = [f"-Dorg.slf4j.simpleLogger.{name}={value}" for name, value in _LOGGING.items()]
        java = ["java", *logging, "-Xmx128m", "-cp", _CLASSES]
        program = ["org.apache.zookeeper.server.quorum.QuorumPeerMain", str(configuration)]
        with (self._folder / "zookeeper.log").open("ab") as log:
            self._process = subprocess.Popen([*java, *program], stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + seconds
        while not self._serves():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                said = (self._folder / "zookeeper.log").read_text(errors="replace")
                raise Unavailable(f"ZooKeeper did not come up at {self.hosts}:\n{said[-3000:]}")
            threading.Event().wait(0.1)

    def _serves(self) -> bool:
        """Whether it takes sessions, which it does later than connections, and than answering "ruok".

        A connection that comes while it reads its files it may forget (ZooKeeper 3.8's NIOServerCnxn fails to close
        it), so each look waits for a moment only.
        """
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                if self._tls is not None:
                    return True  # it opens the port last; what comes too early comes again
                connection.sendall(b"srvr")
                return b"Mode:" in b"".join(iter(lambda: connection.recv(4096), b""))
        except OSError:
            return False

    def pause(self) -> None:
        """SIGSTOP: connections stay open, and nothing comes any more."""
        self._signal(signal.SIGSTOP)
        while not self._stands_still():  # on a busy machine a thread may answer once more
            threading.Event().wait(0.005)

    def _stands_still(self) -> bool:
        assert self._process is not None
        threads = Path(f"/proc/{self._process.pid}/task").glob("*/stat")
        return all(thread.read_text().rpartition(")")[2].split()[0] == "T" for thread in threads)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        """``kill -9``; the data stay."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> "RealZooKeeper":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()
