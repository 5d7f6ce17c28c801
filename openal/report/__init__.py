"""The results of a simulation as one page, and its figures as files."""

import typing

from openal._lazy import lazy_package

if typing.TYPE_CHECKING:
    from openal.report.build import Report, report, write_report

__all__ = ["Report", "report", "write_report"]

lazy_package(__name__)
