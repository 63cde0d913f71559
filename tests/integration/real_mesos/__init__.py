"""A real Apache Mesos 1.11.0 on this machine: the judge of what is written here about Mesos.

``RealMesos(work_dir, port=0, agents=1)`` is a cluster (one master and its agents): `start`, `kill` (as power loss
would), `start` again with the same work dir, `stop`. Installed on first use below the user's cache folder, which takes
about a minute, root on a Debian, and a network (see `installation`). Where that is not to be had, `real_mesos_or_skip`
skips the test and says what is missing; with ``CI=true`` in the environment it fails instead.

What it is made of: Apache published Mesos's whole C++ code inside a Python 2 extension (``mesos.scheduler`` 1.11.0).
That library is loaded by a small C++ program (``start_cluster.cpp``), with stand-ins for the old OpenSSL and CPython it
was linked against (`stub_libraries`). Master, allocator, agents, registry and recovery are Mesos's own. The three
programs that an agent starts are not in the package; the ones in ``launcher/`` stand in for them, so this cluster is no
judge of containers, task groups, TLS, or a command executor's own texts.
"""

from .cluster import RealMesos, real_mesos_or_skip
from .installation import install

__all__ = ["RealMesos", "install", "real_mesos_or_skip"]
