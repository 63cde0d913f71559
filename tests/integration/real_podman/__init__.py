"""A real container engine on this machine: podman with runc, as Debian packages them.

Installed on first use, which takes root on a Debian and a network; then it has one image, ``IMAGE``: a busybox, made
from a file, for no registry of images is asked. Where that is not to be had, the tests skip and say what is missing;
with ``CI=true`` in the environment they fail instead.
"""

from .engine import IMAGE, install, podman, real_podman_or_skip

__all__ = ["IMAGE", "install", "podman", "real_podman_or_skip"]
