"""A file of answers, for people: is it whole, and what is in it."""

from openal.ledger._export import as_csv, as_json
from openal.ledger._inspect import Found, read_whole

__all__ = ["Found", "as_csv", "as_json", "read_whole"]
