"""A small face over aiohttp's server: put an application on a port, know its URL, close it cleanly.

server = await serve(app, port=0)      # 0: any free port
print(server.url)                      # http://127.0.0.1:40123
await server.close()
"""

from actors.http.in_front import InFront
from actors.http.server import PortTaken, Server, serve

__all__ = ["InFront", "PortTaken", "Server", "serve"]
