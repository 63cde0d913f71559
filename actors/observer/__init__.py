"""The actor inspector: a live picture of any `ActorSystem`, in a browser.

    async with ActorSystem() as system:
        inspector = await serve(system, port=8090)      # http://127.0.0.1:8090/ui/#/actors
        ...
        await inspector.close()

    browser                     Observer                                  the actors
    -------                     --------                                  ----------
    GET /observer/feed  ──►     the first viewer: attaches its meter ──►  messages are counted
                        ◄──     each second, one snapshot for all  ◄───   read from outside: no mailbox is used
    the last one leaves ──►     detaches it                        ──►    nothing is counted any more

Actors are looked at, never asked: one that hangs or fails shows as just that. While nobody looks it keeps only what is
rare, the last failures and which dead letters there were; nothing of it is on the way of a message.
"""

from actors.observer.observer import Observer
from actors.observer.server import serve
from actors.observer.web import mount

__all__ = ["Observer", "mount", "serve"]
