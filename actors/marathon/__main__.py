"""``python -m actors.marathon`` is the ``marathon`` command."""

from .commands import main

main()
