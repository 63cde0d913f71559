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
  103  'serve' led, and does no more (as Marathon's); its supervisor starts it again
  130  interrupted; a deployment that was begun goes on
  'plan' and 'diff': 0 nothing differs, 1 something does, 2 it cannot be told
\b
Connection: --url, else the variable MARATHON_URL, else http://127.0.0.1:8080;
  MARATHON_CREDENTIALS names a file with user:password, SSL_CERT_FILE the authority of a certificate of one's own
"""

COMMANDS = {
    "up": "Run everything on this machine: an embedded Mesos and the service.",
    "serve": "Run the service on a Mesos cluster that is there already.",
    "deploy": "Create or update apps, pods and groups from files.",
    "plan": "Tell what deploying files would change, and change nothing.",
    "scale": "Change the number of instances of an app or a pod.",
    "restart": "Replace every instance of an app.",
    "rollback": "Bring an app or a pod back to what it was.",
    "destroy": "Remove an app, a pod or a group and stop its tasks.",
    "deployments": "List, watch, cancel or revert what is deployed.",
    "apps": "List the apps and pods.",
    "ps": "List the tasks.",
    "logs": "Show what tasks wrote.",
    "events": "Show what happens, as it happens.",
    "queue": "Tell which instances wait to be launched, and why.",
    "versions": "List the versions of an app or a pod.",
    "diff": "Compare two versions of an app or a pod.",
    "config": "Print the definition of an app or a pod.",
    "status": "Tell which service is meant, and how it stands.",
    "open": "Show the page, or an app on it, in the browser.",
    "completion": "Print what makes a shell complete commands, options and app ids.",
    "backup": "Write everything that the service keeps to one file.",
    "restore": "Make a work dir, or a state in ZooKeeper, from a backup.",
    "migrate": "Copy the state from a work dir into ZooKeeper, or back.",
}


@click.group(
    cls=LazyGroup,
    package=__name__,
    commands=COMMANDS,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="mesos-actors", prog_name="marathon")
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="Colours: auto is on terminals, unless NO_COLOR, CLICOLOR=0 or TERM=dumb says no.",
)
@click.pass_context
def cli(context: click.Context, color: str) -> None:
    """Run long-running apps on Mesos.

    \b
      marathon up                       # a cluster on this machine, and the service at http://127.0.0.1:8080
      marathon deploy my-app.json       # create or update an app, and wait until it runs
    """
    from ._console import wanted_colour

    context.color = wanted_colour(color)


def main() -> None:
    """The entry point of the ``marathon`` command."""
    cli(prog_name="marathon")
