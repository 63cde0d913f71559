"""``python -m actors.local_mesos.runner FOLDER LISTENING_FD``: run a task runner on an inherited, listening socket."""

from ._runner import main

if __name__ == "__main__":
    main()
