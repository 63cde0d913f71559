"""``marathon status``."""

from __future__ import annotations

import os

import click

from ._client import Client
from ._console import plural, print_json, with_url
from ._pods import all_pods, figures_of


@click.command("status", short_help="Tell which service is meant, and how it stands.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as /v2/info answers it.")
@with_url
def command(as_json: bool, url: str | None) -> None:
    """Tell which service the commands speak to, why that one, and how it stands.

    \b
      marathon status
      marathon status --url http://10.0.0.1:8080
    """
    client = Client(url)
    info = client.get("/v2/info")
    if as_json:
        print_json(info)
        return
    why = "--url" if url else "MARATHON_URL" if os.environ.get("MARATHON_URL") else "the default"
    apps, deployments = client.get("/v2/apps")["apps"], client.get("/v2/deployments")
    waiting = sum(item["count"] for item in client.get("/v2/queue")["queue"])
    tasks, wanted = sum(app["tasksRunning"] for app in apps), sum(app["instances"] for app in apps)
    click.echo(f"service     {client.url} ({why}), {info['name']} {info['version']}")
    click.echo(f"page        {client.url}/ui/")
    click.echo(f"leader      {info['leader']}")
    click.echo(f"mesos       framework {info['frameworkId'] or 'not registered yet'}")
    click.echo(f"apps        {plural(len(apps), 'app')}, {tasks} of {plural(wanted, 'instance')} running")
    if pods := [figures_of(pod) for pod in all_pods(client)]:
        tasks, wanted = sum(pod.running for pod in pods), sum(pod.wanted for pod in pods)
        click.echo(f"pods        {plural(len(pods), 'pod')}, {tasks} of {plural(wanted, 'instance')} running")
    click.echo(f"deploying   {plural(len(deployments), 'deployment')}; {plural(waiting, 'instance')} to be launched")
