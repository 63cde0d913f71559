"""All tests share the plugin of the test kit (virtual time by default, leak checks) and one profile of hypothesis."""

import signal

from hypothesis import HealthCheck, settings

pytest_plugins = ["actors.testkit.pytest_plugin", "tests.distribution"]

# How long an example takes, and how fast data for it is made, says how busy the machine is and nothing of the program.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")

# A shell lets what it starts in the background ignore Ctrl-C, and so would all that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
