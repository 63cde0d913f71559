"""All tests share the test kit's own plugin: virtual time by default, and leak checks."""

pytest_plugins = ["actors.testkit.pytest_plugin"]
