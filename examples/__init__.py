"""Programs to copy. Each runs by itself (``python -m examples.framework``) and is run by the tests."""
