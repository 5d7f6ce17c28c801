"""Encoders by their names: what embeds images, also where there is no network."""

from openal.encoders.choice import ChosenEncoder, chosen_encoder
from openal.encoders.named import EncoderParts, encoder_named, is_encoder_name

__all__ = [
    "ChosenEncoder",
    "EncoderParts",
    "chosen_encoder",
    "encoder_named",
    "is_encoder_name",
]
