"""The arguments of `openal import`."""

from pathlib import Path

from openal.commands._parser import Parser

__all__ = ["MEANING", "parser"]

MEANING = {
    "first": "the first answer counts",
    "majority": "what most say counts",
    "ask": "none counts until they agree",
}


def parser() -> Parser:
    """The arguments of `openal import`."""
    parser = Parser(
        "openal import",
        description="Take answers into the project: a CSV with the columns file and class. A class "
        "is written as in openal.toml; UNKNOWN is none of the classes, SKIPPED cannot tell. Rows "
        "without a class are passed over. Or a JSON export of Label Studio, with all annotators.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "table",
        type=Path,
        metavar="FILE",
        help="a table, as openal query --out or Excel write; or .json, of Label Studio",
    )
    add("--relabel", action="store_true", help="answers that differ replace those that are there")
    add("--annotator", metavar="NAME", help="who answered: beside the answers of others")
    add("--policy", choices=[*MEANING], help="which answer counts where annotators disagree")
    return parser
