"""Project: rounds that go on after an interruption, strategies, texts, and what is said before."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from openal import LabeledSet
from openal.errors import ArgumentError, StoreError
from openal.project import Project, query_reasons
from openal.project.reasons import query_basis
from openal.store import Embeddings
from tests.project.made import answer, begun_project, embedded_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return embedded_project(tmp_path)


def test_before_the_embeddings_it_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no embeddings yet: type openal embed first"):
        begun_project(tmp_path).query()


def test_a_round_is_the_same_until_it_is_answered(project: Project) -> None:
    first = project.query(seed=0)
    again = Project.find(project.folder).query(budget=3, seed=1)
    assert first.indices.tolist() == again.indices.tolist()
    assert first.purity is not None and again.purity is not None
    torch.testing.assert_close(first.purity, again.purity)


def test_an_open_round_goes_on_with_what_is_left(project: Project) -> None:
    first = project.query(seed=0)
    answer(project, 5)
    left = project.query()
    assert left.indices.tolist() == first.indices[5:].tolist()
    assert left.purity is not None and len(left.purity) == len(left)


def test_of_two_who_ask_at_once_both_get_the_first_round(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, others = LabeledSet.begin_round, []

    def later(labeled: LabeledSet, query: Any) -> None:
        with monkeypatch.context() as context:
            context.setattr(LabeledSet, "begin_round", begin)
            others.append(Project.find(project.folder).query(seed=1))
        begin(labeled, query)

    monkeypatch.setattr(LabeledSet, "begin_round", later)
    assert project.query(seed=0).indices.tolist() == others[0].indices.tolist()


def test_a_new_round_asks_what_has_no_answer(project: Project) -> None:
    first = project.query(seed=0)
    answer(project)
    second = project.query(budget=5, seed=0)
    assert len(second) == 5
    assert not {*second.indices.tolist()} & {*first.indices.tolist()}


def test_the_classifier_says_what_is_informative(project: Project) -> None:
    project.query(budget=40, seed=0)
    answer(project)
    query = project.query(seed=0)
    logits = project.classifier().signals(project.pool(), query.indices, ("logits",))["logits"]
    values = logits.softmax(dim=1).sort(dim=1).values
    assert query.informativeness is not None
    torch.testing.assert_close(query.informativeness, 1 - (values[:, -1] - values[:, -2]))


def test_the_reasons_of_a_round_stay_while_it_is_answered(project: Project) -> None:
    project.query(budget=40, seed=0)
    answer(project)
    query = project.query(seed=0)
    before = query_reasons(project, query)
    answer(project, 4)
    assert query_reasons(project, project.query()) == before[4:]
    assert any("one of your classes" in reason for reason in before)


def test_without_answers_the_images_are_typical_and_diverse(project: Project) -> None:
    assert query_basis(project) == "no answers yet: typical and diverse images"
    assert {*query_reasons(project, project.query(seed=0))} == {
        "typical of a part of the images that nobody has seen yet"
    }


def test_with_texts_the_names_of_the_classes_say_where_to_begin(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    z = torch.from_numpy(project.embeddings()[:].astype(np.float32))
    texts = z[:3], z[3:60]
    monkeypatch.setattr(Project, "encoder_used", "clip:ViT-B-32/some")
    monkeypatch.setattr(Project, "texts", lambda _: texts)
    assert query_basis(project) == "no answers yet: chosen by the names of the classes as texts"
    query = project.query(seed=0)
    assert query.purity is not None and len(query.purity.unique()) > 1
    assert any("by its name" in reason for reason in query_reasons(project, query))


def test_any_strategy_can_be_asked_for(project: Project) -> None:
    project.query(budget=30, seed=0)
    answer(project)
    query = project.query(strategy="NEAT(k=3)", seed=0)
    assert query.informativeness is not None
    assert len(query) == project.budget


@pytest.mark.parametrize("strategy", ["NEET", "NEAT(k=0)", "print('x')"])
def test_a_strategy_that_is_none_begins_no_round(project: Project, strategy: str) -> None:
    with pytest.raises(ArgumentError):
        project.query(strategy=strategy)
    assert project.labeled().history == ()


def test_copies_are_not_asked(tmp_path: Path) -> None:
    project = embedded_project(tmp_path, copies=0.97)
    project.query(budget=30, seed=0)
    answer(project)
    z = project.embeddings()[:].astype(float)
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    asked = project.query(budget=5, seed=0).indices
    answered = np.setdiff1d(np.arange(len(z)), project.labeled().unlabeled_indices)
    assert (z[asked] @ z[answered].T).max() < 0.97


def test_where_all_is_answered_nothing_is_asked(project: Project) -> None:
    project.labeled().add(range(len(project.names)), [0] * len(project.names))
    assert len(project.query()) == 0
    assert project.labeled().history[-1].begun is False


def test_embeddings_of_another_list_are_refused(project: Project) -> None:
    names = project.folder / "images.json"
    names.write_text('{"images": ["000.png"]}')
    with pytest.raises(StoreError, match="remove the embeddings and type openal embed"):
        Project.find(project.folder).pool()


def test_the_store_says_which_encoder_was_used(project: Project) -> None:
    assert project.encoder_used == "tests.thumbnail_encoder:make"
    assert Embeddings(project.store_folder).shape == (120, 16)


def test_images_have_their_names_everywhere(project: Project) -> None:
    query, labeled = project.query(5), project.labeled()
    assert query.keys == tuple(project.names[index] for index in query.indices)
    labeled.add([query.keys[0]], ["two"])
    assert labeled.known_indices.tolist() == [query.indices[0]]
    assert labeled.known_labels.tolist() == [2]
    assert project.query().keys == query.keys[1:]


def test_a_class_may_be_added(project: Project) -> None:
    labeled = project.labeled()
    labeled.add([3], ["two"])
    grown = project.with_class("three")
    assert grown.classes == ("zero", "one", "two", "three") == Project.find(project.folder).classes
    assert grown.labeled().classes == grown.classes and grown.labeled().known_labels.tolist() == [2]
    assert grown.with_class("three") == grown


def test_without_its_list_the_names_are_not_guessed(project: Project) -> None:
    (project.folder / "images.json").unlink()
    (project.image_folder / "000.png").rename(project.image_folder / "zzz.png")
    again = Project.find(project.folder)
    with pytest.raises(StoreError, match=r"images\.json is missing"):
        again.pool()
    with pytest.raises(StoreError, match=r"images\.json is missing"):
        again.fixed_names()
