"""What mypy --strict says about actors and typed refs."""

from __future__ import annotations

from pathlib import Path

import pytest

PROGRAM = """
from dataclasses import dataclass
from actors import Actor, ActorRef, ActorSystem, PoisonPill, Props, Terminated

@dataclass(frozen=True)
class Greet:
    name: str

@dataclass(frozen=True)
class Bye:
    pass

class Greeter(Actor[Greet | Bye]):
    def __init__(self, greeting: str = "hello") -> None:
        self.greeting = greeting

    async def receive(self, message: Greet | Bye) -> None:
        match message:
            case Greet(name):
                self.reply(f"{self.greeting} {name}")
            case Bye():
                self.context.stop(self.ref)

class Anything(Actor):
    def receive(self, message: object) -> None:
        other: ActorRef[Greet] = self.context.spawn(Greeter)
        other.tell(Greet("x"), self.ref)

async def main(system: ActorSystem) -> None:
    ref = system.spawn(Props(Greeter, "hi"), "greeter")
    ref.tell(Greet("x"))
    ref.tell(PoisonPill())
    narrower: ActorRef[Bye] = ref
    narrower.tell(Bye())
    anything = system.spawn(Anything)
    anything.tell("whatever")
    print(await ref.ask(Greet("x"), timeout=1))
"""


def verdict(tmp_path: Path, program: str) -> str:
    api = pytest.importorskip("mypy.api")
    path = tmp_path / "program.py"
    path.write_text(program)
    out, _, _ = api.run(["--strict", "--no-incremental", "--cache-dir", str(tmp_path / "cache"), str(path)])
    return str(out)


def test_a_typed_program_passes_and_wrong_messages_are_refused(tmp_path: Path) -> None:
    assert "Success" in verdict(tmp_path, PROGRAM)
    wrong = PROGRAM + '    ref.tell("not a message")\n    await ref.ask(3)\n    narrower.tell(Greet("x"))\n'
    found = verdict(tmp_path, wrong)
    assert 'Argument 1 to "tell" of "ActorRef" has incompatible type "str"' in found
    assert 'Argument 1 to "ask" of "ActorRef" has incompatible type "int"' in found
    assert 'Argument 1 to "tell" of "ActorRef" has incompatible type "Greet"' in found
