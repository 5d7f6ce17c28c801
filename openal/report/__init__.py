"""The results of a simulation as one page, and its figures as files."""

from openal.report.build import Report, report, write_report

__all__ = ["Report", "report", "write_report"]
