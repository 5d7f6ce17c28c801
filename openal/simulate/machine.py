"""What results are made with, without names of hosts or folders."""

import os
import platform
from importlib import metadata
from pathlib import Path

from openal._version import __version__

__all__ = ["hardware", "versions"]

PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "matplotlib")


def versions() -> dict[str, str]:
    """Of the packages that numbers depend on."""
    found = {"openal": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def hardware() -> str:
    """Processor and GPU in one line."""
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return f"{os.cpu_count()} cores of {_processor()}, {gpu}, {platform.system()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
