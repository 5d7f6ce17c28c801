"""The strategies that are asked about drawn worlds: each as it comes, and with its options."""

from hypothesis import strategies as st

from openal.query import QueryStrategy
from openal.strategies import available
from tests.strategies.test_contract import with_each_option

__all__ = ["NAMES", "with_options"]

NAMES = tuple(available())


def with_options(name: str) -> st.SearchStrategy[QueryStrategy]:
    """The strategy with its defaults, or with another value of one of its options."""
    kind = available()[name]
    return st.sampled_from([kind(), *with_each_option(kind)])
