"""Clients of Mesos that nobody here wrote, in an environment of their own, and a small framework with each."""

from .installation import install_avmesos, install_pymesos

__all__ = ["install_avmesos", "install_pymesos"]
