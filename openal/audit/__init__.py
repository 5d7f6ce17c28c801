"""A file of answers, for people: is it whole, and what is in it."""

from openal.audit.reading import Found, read_whole
from openal.audit.rows import as_csv, as_json

__all__ = ["Found", "as_csv", "as_json", "read_whole"]
