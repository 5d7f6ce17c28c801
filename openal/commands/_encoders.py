"""What embeds images, as the arguments of a command name it, or as it is chosen without a name."""

import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from openal.commands._functions import named_function
from openal.commands._say import say
from openal.encoders import EncoderParts, chosen_encoder, encoder_named, is_encoder_name
from openal.encoders._offline import offline_name
from openal.errors import ArgumentError, CheckpointError

__all__ = ["chosen_parts", "encoder_parts"]

PROBED = 16


def encoder_parts(
    name: str, device: torch.device, paths: Sequence[Path], beside: Path | None = None
) -> tuple[str, EncoderParts]:
    """The encoder `name`, and what it is called from now on; some of `paths` are looked at.

    MODULE:FUNCTION is looked for in the folder `beside` too.
    """
    if name == "offline":
        name = offline_name(paths[:: max(1, len(paths) // PROBED)])
    if is_encoder_name(name):
        return name, encoder_named(name, device)
    if beside is not None and str(beside) not in sys.path:
        sys.path.append(str(beside))
    parts = named_function(name, "--encoder")(device)
    if not isinstance(parts, tuple) or len(parts) != 3:
        raise ArgumentError(f"{name} must return (encode, transform, fingerprint), got {parts!r}.")
    return name, parts


def chosen_parts(device: torch.device, paths: Sequence[Path]) -> tuple[str, EncoderParts]:
    """The encoder that can be had here; what it is, and why, is said."""
    chosen = chosen_encoder()
    say(chosen.said)
    try:
        return encoder_parts(chosen.name, device, paths)
    except CheckpointError as error:
        if not chosen.downloads:
            raise
        say([f"The download failed: {error}"])
    chosen = chosen_encoder(network=False)
    say(chosen.said)
    return encoder_parts(chosen.name, device, paths)
