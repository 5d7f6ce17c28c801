"""Ray itself: imported where it is used, and connected by the user."""

from importlib import import_module
from typing import Any

from openal.errors import ArgumentError, MissingPackageError

__all__ = ["connected", "cpus_of", "session_of"]


def connected() -> Any:
    """The module `ray`, in a process that is connected to a cluster."""
    try:
        ray = import_module("ray")
    except ImportError as error:
        raise MissingPackageError("Ray is not installed: pip install openal[ray].") from error
    if not ray.is_initialized():
        raise ArgumentError(
            "there is no cluster: call ray.init() for one on this machine, or "
            'ray.init(address="auto") for the one that this machine is part of.'
        )
    return ray


def cpus_of(ray: Any) -> int:
    """How many CPUs the cluster has, at least 1."""
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def session_of(ray: Any) -> tuple[str, str]:
    """What differs after another `ray.init`: nothing that was put before is there any more."""
    context = ray.get_runtime_context()
    return context.get_node_id(), context.get_job_id()
