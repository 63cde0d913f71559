"""Options that `up` and `serve` share."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from actors import Settings
from actors.configuration.commands import config_option

if TYPE_CHECKING:
    from actors.zookeeper import Address

FILE = click.Path(dir_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """What the command line says about the service; files of secrets are named here, not read."""

    host: str
    port: int
    work_dir: Path | None
    durability: Literal["sync", "process"]
    deployment_mode: Literal["graph", "steps"]
    max_running_deployments: int
    launch_rate: float | None
    env_vars_prefix: str
    mesos_role: str
    credentials: Path | None
    tls_cert: Path | None
    tls_key: Path | None
    verbose: int
    settings: Settings


def default_work_dir() -> Path:
    """The user's state folder (XDG Base Directory Specification)."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "mesos-actors" / "marathon"


with_work_dir = click.option(
    "--work-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where state is kept; the next start there goes on with it, also after kill -9. "
    "[default: mesos-actors/marathon in $XDG_STATE_HOME]",
)


class _Place(click.ParamType):  # type: ignore[type-arg]  # generic to the type checker alone
    """A work dir, or an `Address` of ZooKeeper's."""

    name = "place"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Path | Address:
        if not isinstance(value, str):
            return value  # type: ignore[no-any-return]
        return _address(value) if value.startswith("zk://") else Path(value).absolute()


PLACE = _Place()


def _address(value: str) -> Address:
    from actors.zookeeper import Address, InvalidAddress

    try:
        return Address.parse(value)
    except InvalidAddress as error:
        raise click.BadParameter(str(error)) from None


def with_zk(help_: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The option ``--zk``, as an `Address`. Its value may hold a password: better given in the environment."""
    return click.option(
        "--zk",
        envvar="MARATHON_ZK",
        show_envvar=True,
        metavar="zk://HOST:2181,…/PATH",
        callback=lambda _, __, value: None if value is None else _address(value),
        help=help_,
    )


def with_state(command: Callable[..., None]) -> Callable[..., None]:
    """Where the state is that a command reads or writes: ``--work-dir`` or ``--zk``; see `state_at`."""
    return with_work_dir(with_zk("The state that services share in ZooKeeper.")(command))


def state_at(work_dir: Path | None, zk: Address | None) -> Path | Address:
    """What the options of `with_state` say. A work dir that was named goes before a ``MARATHON_ZK`` that is set."""
    if zk is not None and work_dir is None:
        return zk
    return (work_dir or default_work_dir()).absolute()


def with_service(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a command that runs the service; it gets them as one argument, `service`."""
    options: tuple[Any, ...] = (
        click.option("--port", default=8080, show_default=True, help="The service's port; 0 takes any free one."),
        click.option("--host", default="127.0.0.1", show_default=True, help="The address that the service listens on."),
        with_work_dir,
        click.option(
            "--durability",
            type=click.Choice(["sync", "process"]),
            default="sync",
            show_default=True,
            help="What an accepted change survives: a power loss, or only the end of this process (faster).",
        ),
        click.option(
            "--env-vars-prefix",
            default="",
            metavar="TEXT",
            help="Goes before PORT0, HOST, … in the tasks' environment.",
        ),
        click.option(
            "--mesos-role",
            default="*",
            show_default=True,
            metavar="ROLE",
            help="Mesos's role of apps that name none; they may also name their top-level group.",
        ),
        click.option("--credentials", type=FILE, help="Who may use the API: a file of lines user:password."),
        click.option("--tls-cert", type=FILE, help="Serve over TLS with this certificate (PEM, its chain after it)."),
        click.option("--tls-key", type=FILE, help="The certificate's key (PEM), when it is not in the same file."),
        click.option(
            "--deployment-mode",
            type=click.Choice(["graph", "steps"]),
            default="graph",
            show_default=True,
            help="What an app waits for: the apps it depends on, or all apps of the steps before (as Marathon did).",
        ),
        click.option(
            "--max-running-deployments",
            type=click.IntRange(min=1),
            default=100,
            show_default=True,
            metavar="N",
            help="Changes beyond so many deployments at a time are refused.",
        ),
        click.option(
            "--launch-rate",
            type=click.FloatRange(min=0, min_open=True),
            metavar="N",
            help="Launch at most N instances a second. [default: as many as the offers take]",
        ),
        click.option("-v", "--verbose", count=True, help="Log more; twice logs most."),
        config_option("marathon"),
    )

    @wraps(command)
    def with_options(**arguments: Any) -> None:
        service = ServiceOptions(**{field.name: arguments.pop(field.name) for field in fields(ServiceOptions)})
        command(service=service, **arguments)

    made: Callable[..., None] = with_options
    for option in reversed(options):
        made = option(made)
    return made
