"""A file of answers, for people: is it whole, and what is in it."""

from openal.ledger._export import as_csv, as_json
from openal.ledger._inspect import LedgerReport, read_whole

__all__ = ["LedgerReport", "as_csv", "as_json", "read_whole"]
