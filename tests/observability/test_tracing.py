"""Spans follow messages: who is whose parent, when they end, what they say of failures."""

import sys

import pytest

from actors import Actor, ActorSystem, Props, Settings
from actors.observability import Tracing, TracingUnavailable
from actors.patterns import pool

pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed")

from opentelemetry import baggage, context, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


class Leaf(Actor):
    async def receive(self, message):
        match message:
            case "fail":
                raise ValueError(message)
            case "stash":
                self.context.stash()
                self.context.become(self.unstash)
                return
        await self.context.system.clock.sleep(1)
        self.reply(baggage.get_baggage("customer") or "nobody")

    def unstash(self, message):
        self.context.unbecome()
        self.context.become(lambda _: self.reply("unstashed"))
        self.context.unstash_all()


class Asker(Actor):
    def __init__(self, leaf):
        self.leaf = leaf

    async def receive(self, message):
        answer = await self.leaf.ask(message)
        self.reply(answer)


class Ticking(Actor):
    def receive(self, message):
        if message == "start":
            self.context.timers.start_single("tick", "tick", 1)


class World:
    """A traced system and the spans that have ended."""

    def __init__(self, **options):
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracer = self.provider.get_tracer("test")
        self.system = ActorSystem("test", Settings(instrument=Tracing(self.provider, **options)))

    @property
    def spans(self):
        return {span.name: span for span in self._exporter.get_finished_spans()}


@pytest.fixture
async def world():
    world = World()
    async with world.system:
        yield world


def is_child(span, parent):
    return span.parent is not None and span.parent.span_id == parent.context.span_id


async def test_a_span_s_parent_is_that_of_the_sender_across_tell_and_ask(world):
    asker = world.system.spawn(Props(Asker, world.system.spawn(Leaf)))
    with world.tracer.start_as_current_span("request"):
        await asker.ask("x")
    await world.system.clock.sleep(0)
    spans = world.spans
    assert is_child(spans["Asker str"], spans["request"])
    assert is_child(spans["Leaf str"], spans["Asker str"])
    assert spans["Asker str"].attributes["actors.path"] == asker.path


async def test_a_span_lasts_as_long_as_the_handler(world):
    leaf = world.system.spawn(Leaf)
    await leaf.ask("x")
    await world.system.clock.sleep(0)
    assert "Leaf str" in world.spans
    assert not trace.get_current_span().get_span_context().is_valid


async def test_what_is_sent_outside_of_all_spans_begins_a_trace(world):
    await world.system.spawn(Leaf).ask("x")
    await world.system.clock.sleep(0)
    assert world.spans["Leaf str"].parent is None


async def test_without_roots_only_what_is_traced_already_is_traced():
    world = World(roots=False)
    async with world.system as system:
        leaf = system.spawn(Leaf)
        await leaf.ask("x")
        await system.clock.sleep(0)
        assert not world.spans
        with world.tracer.start_as_current_span("request"):
            await leaf.ask("x")
        await system.clock.sleep(0)
        assert "Leaf str" in world.spans


async def test_the_span_of_a_failure_says_so(world, testkit):
    leaf = world.system.spawn(Leaf)
    leaf.tell("fail")
    await world.system.clock.sleep(1)
    span = world.spans["Leaf str"]
    assert span.status.status_code is trace.StatusCode.ERROR
    assert span.events[0].attributes["exception.message"] == "fail"


async def test_baggage_goes_along(world):
    asker = world.system.spawn(Props(Asker, world.system.spawn(Leaf)))
    token = context.attach(baggage.set_baggage("customer", "alice"))
    try:
        assert await asker.ask("x") == "alice"
    finally:
        context.detach(token)
    assert await asker.ask("x") == "nobody"


async def test_a_stashed_message_keeps_its_parent(world):
    leaf = world.system.spawn(Leaf)
    with world.tracer.start_as_current_span("request"):
        leaf.tell("stash")
    leaf.tell(object())
    await world.system.clock.sleep(1)
    request = world.spans["request"]
    handled = [span for span in world._exporter.get_finished_spans() if span.name == "Leaf str"]
    assert [is_child(span, request) for span in handled] == [True, True]


async def test_a_router_does_not_hide_the_sender_s_span(world):
    router = world.system.spawn(pool(Leaf, 2))
    await router.ask("start")
    with world.tracer.start_as_current_span("request"):
        await router.ask("x")
    await world.system.clock.sleep(0)
    assert is_child(world.spans["Leaf str"], world.spans["request"])


async def test_a_timer_s_message_begins_a_trace_of_its_own(world):
    ticking = world.system.spawn(Ticking)
    with world.tracer.start_as_current_span("request"):
        ticking.tell("start")
    await world.system.clock.sleep(2)
    first, tick = [span for span in world._exporter.get_finished_spans() if span.name == "Ticking str"]
    assert is_child(first, world.spans["request"])
    assert tick.parent is None


async def test_without_opentelemetry_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(TracingUnavailable, match="pip install opentelemetry-api"):
        Tracing()
