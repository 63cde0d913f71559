"""The task runner: the one small process beside an agent that is the parent of its tasks.

It starts tasks, ends them, keeps their exit statuses until the agent took them, and rotates their output. The
service that embeds the agent may be killed with -9: the runner and the tasks go on, and the next service finds
them through the socket.

::

    agent's side (``process_runner``)                this process
    attach(environment)                        ──►
          ◄──  hello(protocol, pid, held)            one event for each task it holds
    launch(id, argv | shell, env, sandbox)     ──►   journal, then
          ◄──  started(id, pid, at)                  or refused(id, error, at): nothing was started
    kill(id, grace)                            ──►   SIGTERM to the process group, SIGKILL after ``grace`` seconds
          ◄──  exited(id, status, at)                a wait status (``os.WIFEXITED`` …)
          ◄──  lost(id, at)                          an earlier runner was killed: the task too, its status is unknown
          ◄──  warning(text)                         something the agent's log should have
    measure(exact)                             ──►
          ◄──  usage(of)                             CPU and memory of each running task
    forget(ids)                                ──►   the agent stored how these ended
    leave()                                    ──►   ends itself if it has no task
          ◄──  staying                               or goes on without the agent
    stop(grace)                                ──►   ends every task, reports it, ends itself (SIGTERM does the same)

Both directions are lines of JSON, many in one write. Events reach the journal (``runner.journal``) before the
socket. A task is a session of its own; its ``MESOS_SANDBOX`` marks whatever it starts, so that what left its
process group is found too. The connection may come and go; a second one replaces the first.

These modules import a little of the standard library and one another, nothing else, and are started as a
top-level package of their own (``process_runner`` says how): a process that starts a thousand others should be
small, and importing ``actors`` would make it several times larger.
"""

PROTOCOL = 1  # of what is said over the socket; a service and a runner of different numbers do not talk
