"""The scenarios, run with the mailboxes and dispatchers that are here; and that they catch what breaks a promise."""

from collections import deque

import pytest

from actors import BoundedMailbox, ControlAwareMailbox, PriorityMailbox, ThreadPoolDispatcher
from actors.testkit.scenarios import DispatcherScenarios, MailboxScenarios


class TestMailboxes(MailboxScenarios):
    @pytest.fixture(
        params=[
            lambda ref: deque(),
            BoundedMailbox(50),
            BoundedMailbox(50, "drop_oldest"),
            BoundedMailbox(50, "wait"),
            PriorityMailbox(lambda message: 0),
            ControlAwareMailbox(),
        ],
        ids=["unbounded", "bounded", "drop_oldest", "wait", "priority", "control_aware"],
    )
    def mailbox(self, request):
        return request.param


class TestDispatchers(DispatcherScenarios):
    @pytest.fixture(params=["run_queue", "task"])
    def dispatcher(self, request):
        return request.param


@pytest.mark.real
class TestThreadPool(DispatcherScenarios):
    @pytest.fixture
    def dispatcher(self):
        return ThreadPoolDispatcher(2)


class Forgetful(deque):
    """Loses every seventh message."""

    count = 0

    def append(self, envelope):
        self.count += 1
        if self.count % 7:
            super().append(envelope)


async def test_a_mailbox_that_loses_messages_is_caught(system, probe):
    with pytest.raises(AssertionError, match="have come"):
        await MailboxScenarios().test_everything_told_is_handled_once_in_its_order(
            system, probe, lambda ref: Forgetful()
        )


class LastInFirstOut(deque):
    def popleft(self):
        return self.pop()


async def test_a_mailbox_in_another_order_is_caught_unless_it_says_so(system, probe):
    scenarios = MailboxScenarios()
    with pytest.raises(AssertionError):
        scenarios.test_what_was_appended_is_counted_shown_and_taken_once(lambda ref: LastInFirstOut())
    scenarios.ordered = False
    scenarios.test_what_was_appended_is_counted_shown_and_taken_once(lambda ref: LastInFirstOut())
