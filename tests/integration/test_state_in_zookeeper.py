"""``marathon backup``, ``restore`` and ``migrate`` between work dirs and a real ZooKeeper."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from actors.marathon.commands import cli
from actors.persistence import Append, Event, SqliteJournal, read_streams
from actors.persistence.zookeeper_journal import JournalFollower
from actors.zookeeper import ZooKeeper
from tests.integration.real_zookeeper import RealZooKeeper

pytestmark = pytest.mark.real


@pytest.fixture
def hosts(zookeeper: RealZooKeeper) -> str:
    return zookeeper.hosts


@pytest.fixture
def zk(hosts: str, request: pytest.FixtureRequest) -> str:
    return f"zk://me:secret@{hosts}/{request.node.name}"


@pytest.fixture
def work_dir(tmp_path: Path) -> Path:
    """One that holds a state."""

    async def fill() -> None:
        async with SqliteJournal(tmp_path / "work" / "marathon.journal") as journal:
            await journal.append([Append(f"app/{n}", (Event("e", 1, {"n": n}),) * 3) for n in range(300)])
            await journal.append([Append("framework", (Event("framework-registered", 1, {"id": "f"}),))])
            await journal.save_snapshot("app/7", 2, {"state": 7})

    asyncio.run(fill())
    return tmp_path / "work"


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments], prog_name="marathon")
    assert "secret" not in result.output
    return result


def done(*arguments: object) -> None:
    result = run(*arguments)
    assert result.exit_code == 0, result.output


def state_in(place: Path | str) -> dict[str, Any]:
    """Streams as they mean the same in each journal: the numbers of their events are the place's own."""

    async def read() -> dict[str, Any]:
        if isinstance(place, Path):
            streams = {name: recovered async for name, recovered in read_streams(place / "marathon.journal")}
        else:
            async with ZooKeeper(place) as session:
                follower = JournalFollower(session, f"{session.address.path}/journal")
                streams = {name: recovered async for name, recovered in follower.read_streams()}
        return {
            name: (recovered.snapshot and recovered.snapshot.payload, [stored.event for stored in recovered.events])
            for name, recovered in streams.items()
        }

    return asyncio.run(read())


def test_a_state_moves_into_zookeeper_and_back(work_dir: Path, zk: str, tmp_path: Path) -> None:
    done("migrate", work_dir, zk)
    assert state_in(zk) == state_in(work_dir)
    refused = run("migrate", work_dir, zk)
    assert refused.exit_code == 1
    assert "holds a state already" in refused.output
    done("migrate", zk, tmp_path / "back")
    assert state_in(tmp_path / "back") == state_in(work_dir)


def test_a_state_in_zookeeper_is_backed_up_and_restored(work_dir: Path, zk: str, tmp_path: Path) -> None:
    done("migrate", work_dir, zk)
    done("backup", tmp_path / "file", "--zk", zk)
    done("restore", tmp_path / "file", "--zk", f"{zk}-2")
    assert state_in(f"{zk}-2") == state_in(work_dir)
    assert run("restore", tmp_path / "file", "--zk", zk).exit_code == 1


def test_a_restore_that_was_interrupted_begins_anew_and_no_service_starts_before(
    work_dir: Path, zk: str, tmp_path: Path
) -> None:
    done("migrate", work_dir, zk)

    async def interrupted() -> None:
        async with ZooKeeper(zk) as session:
            await session.create(f"{session.address.path}/restoring")

    asyncio.run(interrupted())
    serve = run("serve", "--master", "http://127.0.0.1:1", "--port", "0", "--zk", zk)
    assert serve.exit_code == 1
    assert "interrupted" in serve.output
    done("migrate", work_dir, zk)
    assert state_in(zk) == state_in(work_dir)


def test_what_cannot_be_had_is_said_with_the_remedy(hosts: str, zk: str, work_dir: Path, tmp_path: Path) -> None:
    nothing = run("backup", tmp_path / "file", "--zk", zk)
    assert nothing.exit_code == 1
    assert "holds no state" in nothing.output
    done("migrate", work_dir, zk)
    stranger = run("backup", tmp_path / "file", "--zk", zk.replace("me:secret@", ""))
    assert stranger.exit_code == 1
    assert "does not let anybody without credentials" in stranger.output
    assert run("backup", tmp_path / "file", "--zk", "zk://").exit_code == 2
    assert not (tmp_path / "file").exists()
