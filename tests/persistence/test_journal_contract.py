"""What `Journal` promises, held against each of its kinds, which the fixture `disk` gives."""

from actors.testkit.scenarios import JournalScenarios


class TestJournal(JournalScenarios): ...
