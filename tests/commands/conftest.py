"""The small image-text models of the learners' tests, and a project to change."""

import shutil
from pathlib import Path

import pytest

from tests.learners.conftest import base_file, base_weights, tiny_models

__all__ = ["base_file", "base_weights", "tiny_models"]


@pytest.fixture
def here(embedded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a copy of a project that a module has `embedded`, which is the current one."""
    shutil.copytree(embedded, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy" / "project")
    return tmp_path / "copy" / "project"
