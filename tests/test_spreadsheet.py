"""What a spreadsheet opens shows right, and computes nothing."""

import csv
from io import StringIO

import pytest

from openal._spreadsheet import as_csv_file, guarded
from openal.report._svg import sheet

COMPUTED = ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠A1"]


@pytest.mark.parametrize("text", COMPUTED)
def test_what_may_be_computed_has_an_apostrophe_before_it(text: str) -> None:
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", [*COMPUTED, "'s", "''", "cat", "", " =1", "a=1"])
def test_the_guard_can_be_taken_off(text: str) -> None:
    assert guarded(text).removeprefix("'") == text


def test_excel_is_told_that_it_is_utf8() -> None:
    content = as_csv_file([["Käuzchen", "犬"]])
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.decode("utf-8-sig") == "Käuzchen,犬\n"


def test_half_a_character_does_not_end_it() -> None:
    assert as_csv_file([["caf\udce9"]]).decode("utf-8-sig") == "caf\\udce9\n"


@pytest.mark.parametrize("text", COMPUTED)
def test_a_report_s_table_computes_nothing(text: str) -> None:
    ((cell,),) = csv.reader(StringIO(sheet([[text]]).decode("utf-8-sig"), newline=""))
    assert cell.startswith("'")
