"""The ``marathon`` command: run the service (`up`, `serve`), or talk to one that runs (all others).

Nothing heavy is imported here: each command brings what it needs when it is called, so that help and completion answer
at once.
"""

from __future__ import annotations

import click

from ._lazy import LazyGroup

__all__ = ["cli", "main"]

EPILOG = """\b
Exit codes:
  0    done
  1    failed: the message says what, why and what to do
  2    wrong usage
  3    the deployment ended without reaching what was asked for
  4    timed out waiting; the deployment goes on
  130  interrupted; a deployment that was begun goes on
\b
Connection: --url, else the variable MARATHON_URL, else http://127.0.0.1:8080;
  MARATHON_CREDENTIALS names a file with user:password, SSL_CERT_FILE the authority of a certificate of one's own
"""

COMMANDS = {
    "up": "Run everything on this machine: an embedded Mesos and the service.",
    "serve": "Run the service on a Mesos cluster that is there already.",
    "deploy": "Create or update apps and groups from files.",
    "apps": "List the apps.",
    "ps": "List the tasks.",
    "logs": "Show what tasks wrote.",
    "scale": "Change the number of instances of an app.",
    "destroy": "Remove an app and stop its tasks.",
    "backup": "Write everything that the service keeps to one file.",
    "restore": "Make a work dir from a backup.",
}


@click.group(
    cls=LazyGroup,
    package=__name__,
    commands=COMMANDS,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="mesos-actors", prog_name="marathon")
def cli() -> None:
    """Run long-running apps on Mesos.

    \b
      marathon up                       # a cluster on this machine, and the service at http://127.0.0.1:8080
      marathon deploy my-app.json       # create or update an app, and wait until it runs
    """


def main() -> None:
    """The entry point of the ``marathon`` command."""
    cli(prog_name="marathon")
