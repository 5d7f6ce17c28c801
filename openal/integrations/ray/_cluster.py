"""Ray itself: imported where it is used, and connected by the user."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from openal._optional import optional
from openal.errors import ArgumentError

__all__ = ["cluster_at", "connected", "cpus_of", "session_of"]

LOCAL = "local"


def connected() -> Any:
    """The module `ray`, in a process that is connected to a cluster."""
    ray = optional("ray", "a cluster")
    if not ray.is_initialized():
        raise ArgumentError(
            "there is no cluster: call ray.init() for one on this machine, or "
            'ray.init(address="auto") for the one that this machine is part of.'
        )
    return ray


@contextmanager
def cluster_at(address: str) -> Iterator[None]:
    """Connected to the cluster at an address, or one that starts on this machine ("local").

    A process that is connected already stays so.
    """
    ray = optional("ray", "a cluster")
    if ray.is_initialized():
        yield
        return
    where = {"include_dashboard": False} if address == LOCAL else {"address": address}
    try:
        ray.init(log_to_driver=False, **where)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ArgumentError(f"--ray {address}: there is no cluster: {error!s:.300}") from error
    try:
        yield
    finally:
        ray.shutdown()


def cpus_of(ray: Any) -> int:
    """How many CPUs the cluster has, at least 1."""
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def session_of(ray: Any) -> tuple[str, str]:
    """What differs after another `ray.init`: nothing that was put before is there any more."""
    context = ray.get_runtime_context()
    return context.get_node_id(), context.get_job_id()
