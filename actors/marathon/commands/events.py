"""``marathon events``."""

from __future__ import annotations

import click

from ._client import Client
from ._console import EXIT_INTERRUPTED, print_json_line, say, with_url
from ._event_text import sentence_of
from ._events import BREAK, Events
from ._near import nearest


@click.command("events", short_help="Show what happens, as it happens.")
@click.option("--type", "types", metavar="TYPE", multiple=True, help="Only these, such as status_update_event.")
@click.option("--app", metavar="ID", help="Only those that name this app.")
@click.option("--json", "as_json", is_flag=True, help="Print each event as a JSON object in a line.")
@with_url
def command(types: tuple[str, ...], app: str | None, as_json: bool, url: str | None) -> None:
    """Show what happens, as it happens, until Ctrl-C. A connection that breaks is made again; what happens meanwhile is
    missed, and said to be.

    \b
      marathon events --app my-app
      marathon events --type deployment_success --json | head -1
    """
    from actors.marathon.api.event_json import EVENT_TYPES  # the server's own, and no other command needs it

    for name in types:
        if name not in EVENT_TYPES:
            near = nearest(name, EVENT_TYPES)
            say(f"warning: no event is called '{name}'" + (f"; did you mean '{near}'?" if near else ""))
    client = Client(url)
    events = Events(client, types or EVENT_TYPES)  # by name, for some are told to nobody else
    say(f"listening to {client.url}; Ctrl-C ends it")
    try:
        for event in events:
            if event is BREAK:
                say(f"the connection to {client.url} broke: trying again; what happens meanwhile is missed")
                continue
            kind, data = event
            if app is not None and not _names(data, f"/{app.strip('/')}"):
                continue
            if as_json:
                print_json_line(data)
            else:
                click.echo(f"{data['timestamp'][11:23]}  {kind}  {sentence_of(kind, data)}".rstrip())
    except KeyboardInterrupt:
        raise SystemExit(EXIT_INTERRUPTED) from None


def _names(data: object, app_id: str) -> bool:
    """Whether an event names the app, anywhere."""
    match data:
        case dict():
            return any(_names(value, app_id) for value in data.values())
        case list():
            return any(_names(value, app_id) for value in data)
    return data == app_id
