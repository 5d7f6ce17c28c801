"""Sentences around a class name, `{}`: the papers' own, the user's, and their negations."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from openal._optional import optional
from openal.errors import ArgumentError

__all__ = [
    "Templates",
    "as_negations",
    "as_templates",
    "negated",
    "negation_texts",
    "template_texts",
]

Templates = str | tuple[str, ...]
"""The name of a preset, or sentences with one `{}` each."""

PRESETS = ("clipn", "openal")
NEGATED = "negated"

LEFT_OUT = re.compile(
    r"(a|the) (embroidered|plastic|origami|toy|plushie|cartoon) \{\}\."
    r"|.*hard to see.*|art of the \{\}\.|itap of my \{\}\."
)
APOSTROPHES = (34, 98)
DETERMINER = re.compile(r"\b(a|an|the|my|one|many)((?: (?!of|with|in|on)[\w-]+)*) \{\}")


def as_templates(value: Any, argument: str) -> Templates:
    """The name of a preset, or a tuple of sentences with exactly one `{}` each."""
    if isinstance(value, str):
        if value in PRESETS:
            return value
        raise ArgumentError(
            f"{argument} must be one of {', '.join(map(repr, PRESETS))} or a tuple of sentences, "
            f"got {value!r:.80}."
        )
    if not isinstance(value, Sequence) or isinstance(value, bytes) or len(value) == 0:
        raise ArgumentError(f"{argument} must be a tuple of sentences, got {value!r:.80}.")
    for each in value:
        if not isinstance(each, str) or each.count("{}") != 1 or len(re.findall("[{}]", each)) != 2:
            raise ArgumentError(
                f"{argument} must hold {{}} exactly once each, and no other braces; got "
                f"{each!r:.80}."
            )
    return tuple(value)


def as_negations(value: Any, templates: Templates) -> Templates:
    """The word "negated", or a tuple of sentences that are not the templates themselves."""
    if value == NEGATED:
        return NEGATED
    if isinstance(value, str):
        raise ArgumentError(
            f"negated_templates must be {NEGATED!r} or a tuple of sentences, got {value!r:.80}."
        )
    negations = as_templates(value, "negated_templates")
    if negations == templates:
        raise ArgumentError("negated_templates are the templates; they must say the opposite.")
    return negations


def template_texts(templates: Templates) -> tuple[str, ...]:
    """The sentences of a preset, or the user's own as they are.

    "clipn" are 128: of open_clip's 80 ImageNet templates the 64 that CLIPN keeps (without toys
    and the like, things hard to see, "art of the" and "itap of my"), then the same 64 with "with"
    for the first "of". "openal" are the strings that CLIPNAL's released code reads: the same, but
    "a photo of a {}." and "a photo with a {}." end in a stray apostrophe.
    """
    if not isinstance(templates, str):
        return templates
    texts = list(_clipn())
    for place in APOSTROPHES if templates == "openal" else ():
        texts[place] += "'"
    return tuple(texts)


@cache
def _clipn() -> tuple[str, ...]:
    templates = optional("open_clip.zero_shot_metadata", "CLIPN's templates")
    texts = [template("{}") for template in templates.OPENAI_IMAGENET_TEMPLATES]
    first = [text for text in texts if not LEFT_OUT.fullmatch(text)]
    return tuple(first + [_with(text) for text in first])


def _with(text: str) -> str:
    text = text.replace(" of ", " with ", 1)
    return text.replace(" in a video game", " appearing in a video game")


def negation_texts(negations: Templates, templates: Sequence[str]) -> tuple[str, ...]:
    """The user's negated sentences, or those derived from the templates."""
    return tuple(map(negated, templates)) if isinstance(negations, str) else negations


def negated(template: str) -> str:
    """The template that says there is no such thing.

    "with" before the class becomes "without"; else its determiner, or nothing, becomes "no". The
    hand-crafted variant of CLIPN is trained with sentences of these two kinds.

    >>> negated("a photo of the cool {}."), negated("a photo with a {}."), negated("{} at night")
    ('a photo of no cool {}.', 'a photo without a {}.', 'no {} at night')
    """
    before, after = template.split("{}")
    if " with " in before:
        return " without ".join(before.rsplit(" with ", 1)) + "{}" + after
    if DETERMINER.search(before + "{}"):
        return DETERMINER.sub(r"no\2 {}", before + "{}") + after
    return before + "no {}" + after
