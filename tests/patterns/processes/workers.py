"""Actors that the tests run in processes of their own, where this module is imported again."""

import ctypes
import os
import signal
import time

from actors import Actor


class Unpicklable(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


class Worker(Actor):
    def __init__(self, start=0):
        self.count = start

    def receive(self, message):
        match message:
            case "pid":
                self.reply(os.getpid())
            case "count":
                self.count += 1
                self.reply(self.count)
            case ("exit", status):
                os._exit(status)
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "segfault":
                ctypes.string_at(0)
            case ("raise", error):
                raise error
            case "raise unpicklable":
                raise Unpicklable("flour", "water")
            case "answer an error":
                self.reply(LookupError("no such thing"))
            case "compute":
                end = time.monotonic() + 60
                while time.monotonic() < end:
                    pass
            case "log":
                self.log.warning("a word from %s", "there")
            case "stop":
                self.context.stop(self.ref)
            case ("tell", ref, inner):
                ref.tell(inner, self.ref)
            case ("tell parent", inner):
                self.context.parent.tell(inner, self.ref)
            case "later":
                self.context.timers.start_single("tick", ("raise", ValueError("in a timer's message")), 0.01)
            case "who sent":
                self.reply(self.sender)
            case "a child":
                self.reply(self.context.spawn(Worker))
            case ("watch", ref):
                self.context.watch(ref)
                self.reply("watching")
            case ("became", ref):
                self.context.become(lambda inner: ref.tell(("became", inner)))
            case other:
                self.unhandled(other) if self.sender is None else self.reply(other)


class Watcher(Actor):
    """Watches a ref of the outside, and says there what it learns."""

    def __init__(self, ref, report):
        self.ref_to_watch, self.report = ref, report

    def pre_start(self):
        self.context.watch(self.ref_to_watch)
        self.report.tell("watching")

    def receive(self, message):
        self.report.tell(("learnt", message.ref, message.existence_confirmed))


class CannotStart(Actor):
    def __init__(self, how):
        if how == "raise":
            raise ValueError("no start today")
        os._exit(7)


class AsyncWorker(Actor):
    async def pre_start(self):
        await self.context.system.clock.sleep(0.01)

    async def receive(self, message):
        await self.context.system.clock.sleep(0.01)
        if message == "raise":
            raise ValueError("after a while")
        self.reply(message)
