"""Open-set active learning: choose what to ask when the pool is full of things nobody asked for."""

from openal._guard import refuse_foreign_files

refuse_foreign_files(__path__[0])

from openal._version import __version__ as __version__  # noqa: E402
from openal.labeled import SKIPPED, UNKNOWN, LabeledSet  # noqa: E402
from openal.pool import Pool  # noqa: E402
from openal.query import Chain, Query, QueryStrategy  # noqa: E402

__all__ = ["SKIPPED", "UNKNOWN", "Chain", "LabeledSet", "Pool", "Query", "QueryStrategy"]
