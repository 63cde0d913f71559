"""What is as it is unless somebody says otherwise; apart, so that a command's ``--help`` imports no more."""

__all__ = ["DEFAULT_RESOURCES"]

#: Of each agent; mem and disk in MB.
DEFAULT_RESOURCES = "cpus:4;mem:4096;disk:10000;ports:[31000-31999]"
