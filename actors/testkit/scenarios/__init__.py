"""Scenarios that a custom journal, mailbox or dispatcher can be run through: the project's own tests of its kinds.

Each is a class of tests. Subclass it in a module of your tests, and define the fixture that it asks for there:

| class | fixture | gives |
|---|---|---|
| `JournalScenarios` | ``disk`` | a `JournalDisk`, over which journals are opened |
| `MailboxScenarios` | ``mailbox`` | the recipe given to `Props.with_mailbox` |
| `DispatcherScenarios` | ``dispatcher`` | what is given to `Props.with_dispatcher` |

They need pytest and the test kit's plugin (``actors.testkit.pytest_plugin``).
"""

from .dispatcher import DispatcherScenarios
from .journal import JournalDisk, JournalScenarios
from .mailbox import MailboxScenarios

__all__ = ["DispatcherScenarios", "JournalDisk", "JournalScenarios", "MailboxScenarios"]
