"""Encoders by their names: what embeds images, also where there is no network."""

import typing

from openal._lazy import lazy_package

if typing.TYPE_CHECKING:
    from openal.encoders.choice import ChosenEncoder, chosen_encoder
    from openal.encoders.named import EncoderParts, encoder_named, is_encoder_name

__all__ = [
    "ChosenEncoder",
    "EncoderParts",
    "chosen_encoder",
    "encoder_named",
    "is_encoder_name",
]

lazy_package(__name__)
