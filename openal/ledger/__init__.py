"""A file of answers, for people: is it whole, and what is in it."""

from openal.ledger._export import as_csv, as_json, as_parquet
from openal.ledger._inspect import LedgerReport, read_whole

__all__ = ["LedgerReport", "as_csv", "as_json", "as_parquet", "read_whole"]
