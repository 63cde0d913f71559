"""What is counted, timed and told; that figures grow with classes, never with actors."""

import re

import pytest

from actors import Actor, ActorSystem, Settings
from actors.observability import Instruments, Metrics


class Worker(Actor):
    async def receive(self, message):
        match message:
            case "fail":
                raise ValueError(message)
            case float():
                await self.context.system.clock.sleep(message)
        if self.sender is not None:
            self.reply("done")


@pytest.fixture
async def measured():
    metrics = Metrics(sample=1, buckets=(0.1, 1.0))
    async with ActorSystem("test", Settings(instrument=metrics)) as system:
        yield system, metrics


def figure(text, name, **labels):
    wanted = ",".join(f'{key}="{value}"' for key, value in labels.items())
    found = re.search(rf"^{re.escape(name + ('{' + wanted + '}' if wanted else ''))} (.+)$", text, re.MULTILINE)
    return None if found is None else float(found[1])


async def test_messages_failures_restarts_and_spawns_are_counted_by_class(measured):
    system, metrics = measured
    one, other = system.spawn(Worker), system.spawn(Worker)
    one.tell("fail")
    for ref in (one, other):
        await ref.ask("x")
    text = await metrics.render(system)
    assert figure(text, "actors_messages_total", actor="Worker") == 3
    assert figure(text, "actors_failures_total", actor="Worker", error="ValueError") == 1
    assert figure(text, "actors_restarts_total", actor="Worker") == 1
    assert figure(text, "actors_spawned_total", actor="Worker") == 2
    assert figure(text, "actors_living", actor="Worker") == 2
    assert "$a" not in text


async def test_living_actors_and_waiting_mail_are_as_of_now(measured, request):
    system, metrics = measured
    gone, busy, idle = (system.spawn(Worker) for _ in range(3))
    await system.graceful_stop(gone)
    for _ in range(4):
        busy.tell(10.0)
    await idle.ask("x")
    text = await metrics.render(system)
    assert figure(text, "actors_living", actor="Worker") == 2
    assert figure(text, "actors_mailbox_depth", actor="Worker") == 3
    assert figure(text, "actors_mailbox_depth_max", actor="Worker") == 3
    await busy.ask("x", timeout=60)


async def test_handling_times_include_what_the_handler_awaits(measured):
    system, metrics = measured
    worker = system.spawn(Worker)
    for seconds in (0.05, 0.5, 5.0):
        await worker.ask(seconds, timeout=60)
    text = await metrics.render(system)
    buckets = [figure(text, "actors_handling_seconds_bucket", actor="Worker", le=le) for le in ("0.1", "1", "+Inf")]
    assert buckets == [1, 2, 3]
    assert figure(text, "actors_handling_seconds_sum", actor="Worker") == pytest.approx(5.55)
    assert figure(text, "actors_handling_seconds_count", actor="Worker") == 3


async def test_one_in_so_many_is_timed_and_all_are_counted():
    metrics = Metrics(sample=4)
    async with ActorSystem("test", Settings(instrument=metrics)) as system:
        worker = system.spawn(Worker)
        for _ in range(9):
            await worker.ask("x")
        text = await metrics.render(system)
    assert figure(text, "actors_messages_total", actor="Worker") == 9
    assert figure(text, "actors_handling_seconds_count", actor="Worker") == 3


async def test_dead_letters_are_told(measured):
    system, metrics = measured
    worker = system.spawn(Worker)
    await system.graceful_stop(worker)
    worker.tell("x")
    assert figure(await metrics.render(system), "actors_dead_letters_total") in (0, 1)
    await system.clock.sleep(0)
    assert figure(await metrics.render(system), "actors_dead_letters_total") == 1


async def test_the_text_is_prometheus_s(measured):
    system, metrics = measured
    await system.spawn(Worker).ask("x")
    seen = set()
    for line in (await metrics.render(system)).splitlines():
        if line.startswith("#"):
            kind, name = re.fullmatch(r"# (HELP|TYPE) ([a-z_]+) .+", line).groups()
            assert (kind, name) not in seen
            seen.add((kind, name))
        else:
            name = re.fullmatch(r'([a-z_]+)(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+', line)[1]
            assert ("TYPE", re.sub("_(bucket|sum|count)$", "", name)) in seen


async def test_several_instruments_each_see_everything():
    first, second = Metrics(), Metrics()
    async with ActorSystem("test", Settings(instrument=Instruments(first, second))) as system:
        worker = system.spawn(Worker)
        worker.tell("fail")
        await worker.ask("x")
        for metrics in (first, second):
            text = await metrics.render(system)
            assert figure(text, "actors_messages_total", actor="Worker") == 2
            assert figure(text, "actors_restarts_total", actor="Worker") == 1


@pytest.mark.parametrize("options", [{"sample": 0}, {"buckets": ()}, {"buckets": (2, 1)}])
def test_bad_arguments_are_named(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        Metrics(**options)
