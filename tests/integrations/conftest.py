"""One cluster for all tests that ask Ray: it takes seconds to start."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integrations.ray_cluster import cluster


@pytest.fixture(scope="package")
def ray() -> Iterator[Any]:
    yield from cluster()
