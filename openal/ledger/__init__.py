"""A file of answers, for people: is it whole, and what is in it."""

import typing

from openal._lazy import lazy_package

if typing.TYPE_CHECKING:
    from openal.ledger._export import as_csv, as_json, as_parquet
    from openal.ledger._inspect import LedgerReport, read_whole

__all__ = ["LedgerReport", "as_csv", "as_json", "as_parquet", "read_whole"]

lazy_package(__name__)
