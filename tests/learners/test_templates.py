from typing import Any

import pytest

from openal.errors import ArgumentError
from openal.learners._templates import as_negations, as_templates, negated, template_texts
from tests.walking import walked


def test_the_default_has_128_sentences_with_one_place_each() -> None:
    texts = template_texts("clipn")
    assert len(set(texts)) == len(texts) == 128
    assert all(text.count("{}") == 1 for text in texts)
    assert as_templates(texts, "templates") == texts


@walked
@pytest.mark.parametrize(
    "line, text",
    [
        (1, "a bad photo of a {}."),
        (2, "a photo of many {}."),
        (4, "a low resolution photo of the {}."),
        (31, "a {} in a video game."),
        (35, "a photo of a {}."),
        (64, "a tattoo of the {}."),
        (65, "a bad photo with a {}."),
        (95, "a {} appearing in a video game."),
        (99, "a photo with a {}."),
        (128, "a tattoo with the {}."),
    ],
)
def test_lines_of_the_published_file(line: int, text: str) -> None:
    assert template_texts("clipn")[line - 1] == text


def test_sixteen_of_the_eighty_are_left_out() -> None:
    left_out = ["embroidered", "plastic", "origami", "toy", "plushie", "cartoon"]
    text = "\n".join(template_texts("clipn"))
    assert not any(word in text for word in [*left_out, "hard to see", "art of the"])
    assert "itap of my {}." not in text


def test_the_papers_strings_have_two_apostrophes_more() -> None:
    plain, papers = template_texts("clipn"), template_texts("openal")
    differing = {
        line: b for line, (a, b) in enumerate(zip(plain, papers, strict=True), 1) if a != b
    }
    assert differing == {35: "a photo of a {}.'", 99: "a photo with a {}.'"}


@walked
@pytest.mark.parametrize(
    "value", ["other", "a photo of a {}.", 3, (), None, ("a photo",), ("{} {}",), ("{} {",), (3,)]
)
def test_other_templates_are_refused(value: Any) -> None:
    with pytest.raises(ArgumentError, match=r"templates must"):
        as_templates(value, "templates")


def test_the_template_without_a_place_is_named() -> None:
    with pytest.raises(ArgumentError, match=r"exactly once each.*'a photo of it.'"):
        as_templates(["a {}.", "a photo of it."], "templates")


def test_every_negation_says_no_or_without() -> None:
    for text in template_texts("clipn"):
        said = negated(text)
        assert said.count("{}") == 1
        assert (" with " in text) == (" without " in said)
        assert (" with " in text) != ("no " in f" {said}")


@pytest.mark.parametrize("value", ["clipn", "openal", ("a {}.",), (), ("x",)])
def test_other_negations_are_refused(value: Any) -> None:
    with pytest.raises(ArgumentError, match="negated_templates"):
        as_negations(value, ("a {}.",))
