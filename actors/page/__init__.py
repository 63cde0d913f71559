"""The page that people look at, as files: ``/ui/`` of the service and of the embedded Mesos.

    add_page(app, "apps", "cluster", "actors")

    browser                                server
    GET /                        ──►   302 /ui/
    GET /ui/                     ──►   index.html, which names the views that this server has data for
    GET /ui/main.js, …           ──►   plain ES modules and styles; no build step, nothing from elsewhere
    GET /v2/…, /master/state     ──►   the server's own API: the page has no other source

What the page shows comes from people and tasks. It becomes text nodes, never markup, and a strict
Content-Security-Policy stands behind that: no script but these files, no connection but to this server.
"""

from actors.page.assets import VIEWS, add_page

__all__ = ["VIEWS", "add_page"]
