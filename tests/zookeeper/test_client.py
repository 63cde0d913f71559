"""What our client does beyond kazoo's, seen where kazoo waits."""

import socket

import pytest
from kazoo.handlers.threading import KazooTimeoutError, SequentialThreadingHandler

from actors.zookeeper._client import Client


class Hasty(SequentialThreadingHandler):
    """Nothing ever comes, and no time is lost with waiting for it: ``waited`` tells how many seconds it would take."""

    def __init__(self):
        super().__init__()
        self.waited = []

    def select(self, reading, writing, failing, timeout):
        if reading:
            self.waited.append(timeout)
        return [], writing, failing


@pytest.mark.parametrize(("servers", "seconds"), [(1, 3.0), (2, 3.0), (5, 1.8)])
def test_a_server_that_takes_a_connection_and_forgets_it_costs_a_third_of_the_session(servers, seconds):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        host, port = deaf.getsockname()
        client = Client(hosts=",".join([f"{host}:{port}"] * servers), timeout=9.0, handler=Hasty())
        with pytest.raises(KazooTimeoutError):
            client._connection._connect(host, host, port)
        client._connection._socket.close()
    assert client.handler.waited == [pytest.approx(seconds)]
