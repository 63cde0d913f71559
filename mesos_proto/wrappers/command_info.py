"""What to run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mesos_proto.mesos.v1 import mesos_pb2
from mesos_proto.wrappers._wrapper import Wrapper


class CommandURI(Wrapper[mesos_pb2.CommandInfo.URI]):
    """A file to fetch into the sandbox before the start.

    Args:
        value: where it is: an http, https, ftp or hdfs URL, or a path on the agent.
        executable: make it executable; then it is not unpacked.
        extract: unpack an archive (tar, tgz, zip …); Mesos's default is yes.
        cache: keep it on the agent for others.
        output_file: its name in the sandbox; by default the URL's last part.
    """

    __match_args__ = ("value",)

    def __init__(
        self,
        value: str,
        *,
        executable: bool | None = None,
        extract: bool | None = None,
        cache: bool | None = None,
        output_file: str | None = None,
    ) -> None:
        self._hold(
            mesos_pb2.CommandInfo.URI(
                value=value, executable=executable, extract=extract, cache=cache, output_file=output_file
            )
        )

    @property
    def value(self) -> str:
        """Where it is."""
        return self.proto.value

    @property
    def executable(self) -> bool:
        """Whether it is made executable."""
        return self.proto.executable

    @property
    def extract(self) -> bool:
        """Whether an archive is unpacked."""
        return self.proto.extract

    @property
    def cache(self) -> bool:
        """Whether it is kept for others."""
        return self.proto.cache

    @property
    def output_file(self) -> str | None:
        """Its name in the sandbox."""
        return self.proto.output_file if self.proto.HasField("output_file") else None


class CommandInfo(Wrapper[mesos_pb2.CommandInfo]):
    """A command: a line for the shell, or a program with its arguments.

        CommandInfo("python3 -m http.server $PORT0")
        CommandInfo("/bin/sleep", arguments=["sleep", "60"])

    Args:
        value: the line, or the program's path. None: what the container's image runs.
        arguments: of the program, from ``argv[0]`` on. When given, there is no shell unless ``shell`` says so.
        shell: whether ``/bin/sh -c`` runs the value.
        environment: variables for the command, beside the agent's.
        uris: files to fetch first, as URLs or with details.
        user: under which it runs; by default the framework's.

    Raises:
        ValueError: arguments for a shell, which Mesos ignores.
    """

    __match_args__ = ("value", "arguments")

    def __init__(
        self,
        value: str | None = None,
        *,
        arguments: Iterable[str] = (),
        shell: bool | None = None,
        environment: Mapping[str, str] | None = None,
        uris: Iterable[CommandURI | str] = (),
        user: str | None = None,
    ) -> None:
        arguments = tuple(arguments)
        if arguments and shell:
            raise ValueError("a shell ignores arguments: put them into value, or say shell=False")
        if shell is None and (arguments or value is None):
            shell = False
        proto = mesos_pb2.CommandInfo(value=value, arguments=arguments, shell=shell, user=user)
        for name, content in (environment or {}).items():
            proto.environment.variables.add(name=name, value=content)
        proto.uris.extend((CommandURI(uri) if isinstance(uri, str) else uri).proto for uri in uris)
        self._hold(proto)

    @property
    def value(self) -> str | None:
        """The line or the program."""
        return self.proto.value if self.proto.HasField("value") else None

    @property
    def arguments(self) -> tuple[str, ...]:
        """Of the program."""
        return tuple(self.proto.arguments)

    @property
    def shell(self) -> bool:
        """Whether a shell runs it."""
        return self.proto.shell

    @property
    def environment(self) -> dict[str, str]:
        """Variables by name; secrets, whose value only the agent knows, have ""."""
        return {each.name: each.value for each in self.proto.environment.variables}

    @property
    def uris(self) -> tuple[CommandURI, ...]:
        """Files to fetch first."""
        return tuple(CommandURI.from_proto(each) for each in self.proto.uris)

    @property
    def user(self) -> str | None:
        """Under which it runs."""
        return self.proto.user if self.proto.HasField("user") else None
