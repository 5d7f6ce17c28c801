"""Names of classes that are odd, and those that cannot be: as labels, in files and in prompts."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from openal.errors import ArgumentError, LedgerError
from openal.labeled import LabeledSet
from openal.learners import CLIP, ClassCosines
from openal.learners._class_texts import ClassTexts, class_names, text_directions
from openal.learners._templates import as_negations, as_templates, negated
from openal.pool import Pool
from openal.testing._repeat_checks import expect_randomness_alone
from tests.walking import walked

ODD = {
    "braces": ["{}", "{0}", "{name!r}", "%s", "$cat"],
    "newlines": ["a\nb", "a\r\nb", "a\tb", "a\u2028b"],
    "200 tokens": ["cat " * 199 + "cat", "x" * 10_000],
    "non-ASCII": ["Größe", "猫", "🦉", "ﬁsh", "e\u0301", "é"],
    "formulas": ["=1+1", "+1", "-1", "@SUM(A1)", '"quoted"', "a,b", "a;b"],
    "markup": ["<script>alert(1)</script>", "&amp;", "</td>"],
    "numbers": ["0", "1", "-1", "-2", "nan", "None", "True"],
    "blanks around": [" cat", "cat", "cat "],
    "cases": ["cat", "Cat", "CAT", "unknown", "skipped"],
}

NO_NAMES: dict[str, tuple[Any, str]] = {
    "empty": (["cat", ""], r"classes\[1\]"),
    "blank": (["cat", "\t\n"], r"classes\[1\]"),
    "a no-break space": (["cat", "\u00a0"], r"classes\[1\]"),
    "there twice": (["cat", "owl", "cat"], r"classes\[2\] is 'cat', which is there already"),
    "UNKNOWN": (["cat", "UNKNOWN"], r"classes\[1\] is 'UNKNOWN'"),
    "SKIPPED": (["SKIPPED"], r"classes\[0\] is 'SKIPPED'"),
    "bytes": ([b"cat"], r"classes\[0\]"),
    "a number": (["cat", 1], r"classes\[1\]"),
    "None": (["cat", None], r"classes\[1\]"),
    "NaN": ([float("nan")], r"classes\[0\]"),
    "a list": ([["cat"]], r"classes\[0\]"),
    "one string": ("cat", "classes must be a number or a list"),
    "a set": ({"cat", "owl"}, "classes must be a number or a list"),
    "none": ([], "classes must hold at least one name"),
    "a float": (2.0, "classes must be an integer"),
    "infinite": (float("inf"), "classes must be an integer"),
    "a bool": (True, "classes must be an integer"),
    "zero": (0, "classes must be at least 1"),
}


@walked
@pytest.mark.parametrize("classes, words", NO_NAMES.values(), ids=NO_NAMES)
def test_names_that_cannot_be_make_no_file(tmp_path: Path, classes: Any, words: str) -> None:
    for path in (None, tmp_path / "answers.db"):
        with expect_randomness_alone("a refused set"), pytest.raises(ArgumentError, match=words):
            LabeledSet(10, classes, path)
    assert list(tmp_path.iterdir()) == []


@walked
@pytest.mark.parametrize("classes", ODD.values(), ids=ODD)
def test_odd_names_are_kept_letter_by_letter(tmp_path: Path, classes: list[str]) -> None:
    path = tmp_path / "answers.db"
    LabeledSet(10, classes, path).add([3, 4], [0, 1])
    again = LabeledSet(10, classes, path)
    assert again.classes == tuple(classes)
    assert [*again.counts] == [*classes, "UNKNOWN", "SKIPPED"]
    assert list(again.counts.values())[:2] == [1, 1]
    for other in ([*classes[:-1], classes[-1] + "s"], classes[::-1], len(classes)):
        with pytest.raises(LedgerError, match="asked for was"):
            LabeledSet(10, other, path)


# --- prompts

TEMPLATES = ("a photo of a {}.", "a photo with a {}.")


def letters(texts: Sequence[str], context_length: int = 77) -> Tensor:
    """One token per letter and one for the end, which stands last also where a text is cut off."""
    rows = [[*map(ord, text[: context_length - 1]), 1] for text in texts]
    return torch.tensor([row + [0] * (context_length - len(row)) for row in rows])


def encode(tokens: Tensor) -> Tensor:
    places = torch.arange(tokens.shape[1]) * 0.37
    return torch.stack([(tokens * (places + d).sin()).sum(dim=1) for d in range(6)], dim=1)


def directions(names: Sequence[str], templates: tuple[str, ...] = TEMPLATES) -> Tensor:
    return text_directions(encode, letters, names, templates, torch.device("cpu"))


@walked
@pytest.mark.parametrize("kind", ["braces", "non-ASCII", "formulas", "markup", "numbers"])
def test_a_prompt_holds_the_name_and_nothing_else(kind: str) -> None:
    names = class_names(ODD[kind], TEMPLATES)
    found = directions(names)
    assert found.isfinite().all()
    for name, row in zip(names, found, strict=True):
        texts = ["a photo of a " + name + ".", "a photo with a " + name + "."]
        rows = torch.nn.functional.normalize(encode(letters(texts)).double(), dim=1)
        total = torch.nn.functional.normalize(rows.sum(dim=0), dim=0)
        torch.testing.assert_close(row, total.float())


@walked
@pytest.mark.parametrize("name", ODD["200 tokens"])
def test_a_name_of_200_tokens_is_named_in_short(name: str) -> None:
    with pytest.raises(
        ArgumentError, match=r"is too long: with the template .* 77 tokens"
    ) as error:
        directions(["cat", name])
    assert len(str(error.value)) < 400


@walked
@pytest.mark.parametrize(
    "names", [["a\nb", "a b"], ["cat", " cat"], ["cat", "cat"], ["sea_lion", "sea\tlion"]]
)
def test_names_that_read_alike_are_one_prompt(names: list[str]) -> None:
    with pytest.raises(ArgumentError, match=r"names\[1\] is .*, which reads as"):
        class_names(names, TEMPLATES)


NO_TEMPLATES: dict[str, Any] = {
    "without a place": ("a photo of it.",),
    "the second without": ("a {}.", "it."),
    "two places": ("a {} and a {}.",),
    "a named place": ("a {name}.",),
    "a numbered place": ("a {0}.",),
    "a brace more": ("a {}}.",),
    "braces in braces": ("a {{}}.",),
    "percent": ("a %s.",),
    "empty": ("",),
    "bytes": (b"a {}.",),
    "None": (None,),
    "none": (),
    "a set": {"a {}."},
    "a dict": {"a {}.": 1},
    "one sentence": "a photo of a {}.",
    "a number": 3,
}


@walked
@pytest.mark.parametrize("templates", NO_TEMPLATES.values(), ids=NO_TEMPLATES)
def test_templates_that_cannot_be(templates: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^templates must"):
        as_templates(templates, "templates")
    with pytest.raises(ArgumentError, match=r"^negated_templates must"):
        as_negations(templates, TEMPLATES)
    with pytest.raises(ArgumentError, match=r"^templates must"):
        CLIP("ViT-B-32", "openai", templates=templates)
    with pytest.raises(ArgumentError, match=r"^negated_templates must"):
        CLIP("ViT-B-32", "openai", negated_templates=templates)


@walked
@pytest.mark.parametrize("template", ["{}", "{} x", "a\n{}\n", "un {} été", "{}🦉"])
def test_odd_templates_have_one_place_also_negated(template: str) -> None:
    assert as_templates((template,), "templates") == (template,)
    assert negated(template).count("{}") == 1


def test_the_names_of_the_labeled_set_reach_the_encoder_as_they_are() -> None:
    seen: list[tuple[str, ...]] = []

    def class_texts(names: tuple[str, ...]) -> ClassTexts:
        seen.append(names)
        return ClassTexts(torch.eye(len(names)), -torch.eye(len(names)))

    names = ("{}", "a\nb", "猫")
    pool = Pool(embeddings=torch.eye(3))
    cosines = ClassCosines(SimpleNamespace(class_texts=class_texts))
    fitted = cosines.fit(pool, LabeledSet(3, names))
    assert seen == [names]
    assert fitted.yes.tolist() == torch.eye(3).tolist()
