from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from openal.errors import ArgumentError, ModelError
from openal.learners._class_texts import class_names, text_directions

LENGTH = 12
CPU = torch.device("cpu")


def letters(texts: Sequence[str], context_length: int = LENGTH) -> Tensor:
    """One token per letter, cut off at the end."""
    rows = [[ord(each) for each in text.lower()][:context_length] for text in texts]
    return torch.tensor([row + [0] * (context_length - len(row)) for row in rows])


def encode(tokens: Tensor) -> Tensor:
    """Long rows, so that a sum without scaling would be another."""
    generator = torch.Generator().manual_seed(0)
    table = torch.randn(200, 5, generator=generator)
    return table[tokens].sum(dim=1) * tokens.float().norm(dim=1, keepdim=True)


def test_a_direction_is_the_scaled_sum_of_unit_rows() -> None:
    templates, names = ("a {}.", "no {}", "{}"), ("cat", "owl")
    found = text_directions(encode, letters, names, templates, CPU)
    for name, direction in zip(names, found, strict=True):
        rows = [encode(letters([each.replace("{}", name)]))[0] for each in templates]
        total = sum(row / row.norm() for row in rows)
        assert isinstance(total, Tensor)
        torch.testing.assert_close(direction, total / total.norm())


def test_batches_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    templates, names = tuple(f"{i} {{}}" for i in range(9)), ("cat", "owl", "dog")
    whole = text_directions(encode, letters, names, templates, CPU)
    for size in (1, 2, 7):
        monkeypatch.setattr("openal.learners._class_texts.BATCH", size)
        torch.testing.assert_close(text_directions(encode, letters, names, templates, CPU), whole)


def test_a_tower_that_gives_nan_is_refused() -> None:
    with pytest.raises(ModelError, match="not finite"):
        text_directions(lambda tokens: encode(tokens) * torch.nan, letters, ["a"], ["{}"], CPU)


def test_a_name_that_is_cut_off_is_refused() -> None:
    with pytest.raises(ArgumentError, match="'abcdefghijkl' is too long: with the template"):
        text_directions(encode, letters, ["cat", "abcdefghijkl"], ["a {}."], CPU)
    assert text_directions(encode, letters, ["abcdefghi"], ["a {}."], CPU).shape == (1, 5)


def test_names_that_the_tokenizer_cannot_tell_apart_are_refused() -> None:
    with pytest.raises(ArgumentError, match="reads 'Cat' and 'cat' as the same"):
        text_directions(encode, letters, ["owl", "Cat", "cat"], ["a {}."], CPU)


def test_a_name_with_braces_is_text() -> None:
    found = text_directions(encode, letters, ["{}", "{0}"], ["a {}."], CPU)
    torch.testing.assert_close(
        found[0], torch.nn.functional.normalize(encode(letters(["a {}."])))[0]
    )


def test_names_are_read_as_words() -> None:
    given = ["aquarium_fish", " sea\nlion ", "Größe"]
    assert class_names(given, "clipn") == ("aquarium fish", "sea lion", "Größe")
    assert class_names(given, ("a {}",)) == ("aquarium fish", "sea lion", "Größe")
    assert class_names(given, "openal") == tuple(given)


@pytest.mark.parametrize(
    "names, message",
    [
        ([], "must be a list of class names"),
        ("cat", "must be a list of class names"),
        (3, "must be a list of class names"),
        (["cat", ""], r"names\[1\] must be a class name"),
        (["cat", " _\n"], r"names\[1\] must be a class name"),
        (["cat", 3], r"names\[1\] must be a class name, got 3"),
        (["sea_lion", "cat", "sea lion"], r"names\[2\] is 'sea lion', which reads as 'sea_lion'"),
    ],
)
def test_other_names_are_refused(names: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        class_names(names, "clipn")
