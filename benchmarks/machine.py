"""What the figures were measured on, without names of hosts or folders."""

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

__all__ = ["description", "summary", "version"]

PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "scikit-activeml", "small-text", "baal")
PACKAGES += ("faiss-cpu", "pytorch-ood")


def version(package: str) -> str | None:
    """The installed version, or None."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def description() -> dict[str, Any]:
    """The processor, memory, system, and versions."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "ram_gib": round(_ram() / 2**30),
        "os": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "load": [round(each, 1) for each in os.getloadavg()] if hasattr(os, "getloadavg") else None,
    }


def summary(machine: dict[str, Any]) -> str:
    """The same in two lines."""
    found = {name: each for name, each in machine["versions"].items() if each}
    versions = ", ".join(f"{name} {each}" for name, each in found.items())
    return (
        f"{machine['cores']} cores of {machine['cpu']}, {machine['ram_gib']} GiB, {machine['os']}, "
        f"Python {machine['python']}, {machine['threads']} threads, load {machine['load']}\n"
        f"{versions}"
    )


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "an unnamed processor"
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _ram() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError):
        return 0
