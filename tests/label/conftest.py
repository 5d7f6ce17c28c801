"""A server of the page, for the tests of a file."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from tests.label.driving import Client, served
from tests.label.studio import work_in


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A server, and the work that it serves."""
    work = work_in(tmp_path_factory.mktemp("studio"))
    with served(work) as port:
        yield SimpleNamespace(work=work, port=port)


@pytest.fixture
def client(studio: SimpleNamespace) -> Client:
    """A window of its page."""
    return Client(studio.port)
