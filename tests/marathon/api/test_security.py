"""Names and passwords: who may use the API."""

import base64
import pickle

import pytest

from actors.marathon.api import Credentials, InvalidCredentials

from .conftest import serving


def basic(pair: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


FILE = "# who may\n\nops:correct:horse\nci:bättery\n"


async def test_only_who_is_known_is_answered() -> None:
    async with serving(credentials=Credentials.parse(FILE)) as api:
        for headers in ({}, basic("ops:wrong"), basic("nobody:correct:horse"), {"Authorization": "Basic %%%"}):
            refused = await api.get("/v2/apps", headers=headers)
            assert refused.status == 401
            assert refused.headers["WWW-Authenticate"].startswith('Basic realm="Marathon"')
            assert "user and password" in refused.body["message"]
        for pair in ("ops:correct:horse", "ci:bättery"):
            assert (await api.get("/v2/apps", headers=basic(pair))).status == 200


@pytest.mark.parametrize("path", ["/v2/info", "/v2/events", "/metrics", "/none", "//ping", "/ping/"])
async def test_every_path_but_ping_asks_who_it_is(path: str) -> None:
    async with serving(credentials=Credentials.parse(FILE)) as api:
        assert (await api.get(path)).status == 401
        assert (await api.get("/ping")).text == "pong"


async def test_nothing_is_changed_for_who_is_not_known() -> None:
    async with serving(credentials=Credentials.parse(FILE)) as api:
        assert (await api.post("/v2/apps", {"id": "/x", "cmd": "sleep 1"})).status == 401
        assert api.world.updates == []


@pytest.mark.parametrize("text", ["", "# nobody\n", "ops:good\nhunter2", "ops:good\n:hunter2", "ops:"])
def test_a_file_that_is_wrong_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(InvalidCredentials) as refused:
        Credentials.parse(text)
    assert "hunter2" not in str(refused.value)


def test_passwords_are_not_kept() -> None:
    credentials = Credentials.parse("ops:hunter2")
    assert b"hunter2" not in pickle.dumps(vars(credentials))
    assert "hunter2" not in repr(credentials)
