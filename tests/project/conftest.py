"""The small image-text models of the learners' tests."""

from tests.learners.conftest import base_file, base_weights, tiny_models

__all__ = ["base_file", "base_weights", "tiny_models"]
