"""`openal convert-clipn`: the "no" text tower of a CLIPN checkpoint, as safetensors."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from openal.commands.arguments.convert_clipn import parser
from openal.errors import ArgumentError
from openal.learners._clipn_files import base_norms, metadata_of, read_clipn, tensors_of

__all__ = ["convert", "main", "parser"]


def main(argv: Sequence[str]) -> int:
    """Run the command; an OpenALError, and nothing written, if the checkpoint cannot be used."""
    given = parser().parse_args(argv)
    convert(given.checkpoint, given.out, model_name=given.model_name)
    size = given.out.stat().st_size / 1e6
    sys.stdout.write(
        f"{given.out}: the 'no' text tower, {size:.0f} MB.\n"
        f"Use it with CLIPN({str(given.out)!r}); the rest comes from open_clip.\n"
    )
    return 0


def convert(checkpoint: Path, out: Path, *, model_name: str = "ViT-B-16") -> None:
    """Write the folded "no" tower of a CLIPN checkpoint to a new safetensors file."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    if out.suffix != ".safetensors":
        raise ArgumentError(f"--out must end in .safetensors, got {str(out)!r}.")
    if out.exists():
        raise ArgumentError(f"{out} exists already; remove it or choose another name.")
    if not out.parent.is_dir():
        raise ArgumentError(f"{out.parent} is no folder.")
    weights = read_clipn(checkpoint, model_name)
    norms = weights.base_norms if weights.base is None else base_norms(weights.base)
    tensors = tensors_of(weights.no, norms)
    part = out.with_name(f".{out.name}.part")
    try:
        save_file(tensors, part, metadata_of(tensors, model_name, weights.hand_crafted))
        os.replace(part, out)
    except SafetensorError as error:  # a full disk, say
        raise OSError(f"{out} cannot be written: {error}") from error
    finally:
        part.unlink(missing_ok=True)
