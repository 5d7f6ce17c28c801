"""The arguments of `openal train`."""

from openal.commands._parser import Parser

__all__ = ["parser"]


def parser() -> Parser:
    """The arguments of `openal train`."""
    return Parser(
        "openal train",
        description="Train a classifier on the answers: a linear layer on the embeddings, and a "
        "detector of what is none of the classes. Writes classifier.safetensors and a card, "
        "classifier.json.",
        allow_abbrev=False,
    )
