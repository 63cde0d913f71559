"""The link that damages does what it says, and the same with the same seed."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.integration.faulty_link import FaultyLink

pytestmark = pytest.mark.real

TEXT = bytes(range(256)) * 40


@pytest.fixture
def echo() -> Iterator[str]:
    """The address of a server that says what it is told."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer(connection: socket.socket) -> None:
            with connection:
                try:
                    while data := connection.recv(1 << 16):
                        connection.sendall(data)
                except OSError:
                    pass

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def connect(link: FaultyLink) -> socket.socket:
    host, _, port = link.hosts.partition(":")
    return socket.create_connection((host, int(port)), timeout=60)


def said(connection: socket.socket, text: bytes, piece: int = 1 << 16) -> bytes:
    """What comes back of ``text``, up to its length or the end of the connection."""
    heard = b""
    for start in range(0, len(text), piece):
        connection.sendall(text[start : start + piece])
    while len(heard) < len(text) and (data := connection.recv(1 << 16)):
        heard += data
    return heard


def test_it_passes_on_what_comes(echo: str) -> None:
    with FaultyLink(echo) as link, connect(link) as connection:
        assert said(connection, TEXT) == TEXT
        assert (link.connections, link.damaged, link.broken) == (1, 0, 0)


def test_the_same_bytes_are_damaged_with_the_same_seed_however_they_come_in_pieces(echo: str) -> None:
    def heard(seed: int, piece: int) -> bytes:
        with FaultyLink(echo, seed=seed) as link:
            link.corrupt(every=500, towards="server")
            with connect(link) as connection:
                heard = said(connection, TEXT, piece)
            assert link.damaged == sum(a != b for a, b in zip(heard, TEXT, strict=True)) > 5
            return heard

    assert heard(1, 1 << 16) == heard(1, 100) != heard(2, 100)


def test_a_connection_ends_after_so_many_bytes_which_arrive(echo: str) -> None:
    with FaultyLink(echo) as link:
        link.truncate(after=1000, towards="client")
        for _ in range(2):
            with connect(link) as connection:
                assert said(connection, TEXT) == TEXT[:1000]
        assert link.broken == 2
        link.heal()
        with connect(link) as connection:
            assert said(connection, TEXT) == TEXT


def test_what_is_late_comes_in_order(echo: str) -> None:
    with FaultyLink(echo) as link, connect(link) as connection:
        link.delay(0.2)
        begun = time.monotonic()
        assert said(connection, TEXT, 1000) == TEXT
        assert time.monotonic() - begun >= 0.4


@pytest.mark.parametrize("fault", ["cut", "half_open"])
def test_a_client_hears_nothing_and_is_connected_until_the_link_is_healed(echo: str, fault: str) -> None:
    with FaultyLink(echo) as link, connect(link) as connection:
        assert said(connection, b"before") == b"before"
        getattr(link, fault)()
        connection.sendall(b"lost")
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(10)
        link.heal()
        connection.settimeout(60)
        with suppress(ConnectionResetError):
            assert connection.recv(10) == b""
        with connect(link) as another:
            assert said(another, b"after") == b"after"
