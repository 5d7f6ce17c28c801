"""Open-set active learning: choose what to ask when the pool is full of things nobody asked for."""

import typing

from openal._guard import refuse_foreign_files

refuse_foreign_files(__path__[0])

from openal._lazy import lazy_package  # noqa: E402
from openal._version import __version__ as __version__  # noqa: E402

if typing.TYPE_CHECKING:
    from openal import functional as functional
    from openal import informativeness as informativeness
    from openal import learners as learners
    from openal import purity as purity
    from openal import selection as selection
    from openal import simulate as simulate
    from openal import stopping as stopping
    from openal import store as store
    from openal import strategies as strategies
    from openal import testing as testing
    from openal._cite import cite
    from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
    from openal.pool import Pool
    from openal.query import Chain, Query, QueryStrategy

__all__ = ["SKIPPED", "UNKNOWN", "Chain", "LabeledSet", "Pool", "Query", "QueryStrategy", "cite"]

lazy_package(__name__)
