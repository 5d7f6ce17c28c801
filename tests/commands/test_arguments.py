"""What is said about arguments is said at once, and is what the commands hold them against."""

import subprocess
import sys

import pytest

from openal._image_reader import MAX_PIXELS
from openal.commands import _choices
from openal.commands.arguments.import_ import MEANING
from openal.commands.arguments.simulate import parser
from openal.commands.ledger import FORMATS
from openal.ledger._settings import POLICIES
from openal.project._tool_files import TOOLS
from openal.simulate._arguments import DEFAULTS
from openal.simulate._image_task import IMAGE_TASKS
from openal.simulate.datasets.images import DATASETS
from openal.simulate.recipes import RECIPES
from openal.simulate.split import FIRST_ANSWERS
from openal.store._files import DTYPES
from openal.strategies import available

CODE = """
import contextlib, io, sys
from openal.cli import COMMANDS, main

def run(words):
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            main(words)
    except SystemExit:
        pass
    heavy = sorted({"torch", "numpy", "PIL"} & sys.modules.keys())
    if heavy:
        sys.exit(f"openal {' '.join(words)} imports {heavy}")

for words in ("", "--help", "-V", "completion bash", "quary", "query --bugdet 3"):
    run(words.split())
for name in COMMANDS:
    run([name, "--help"])
"""


def test_help_version_completion_and_mistakes_import_neither_torch_nor_numpy() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "said, meant",
    [
        (_choices.DATASETS, DATASETS),
        (_choices.DTYPES, DTYPES),
        (_choices.FORMATS, FORMATS),
        (_choices.IMAGE_TASKS, IMAGE_TASKS),
        (_choices.PROTOCOLS, FIRST_ANSWERS),
        (_choices.RECIPES, RECIPES),
        (_choices.SIMULATED, DEFAULTS["strategies"]),
        (_choices.TOOLS, TOOLS),
        (tuple(MEANING), POLICIES),
    ],
    ids=lambda names: ",".join(names)[:20],
)
def test_the_choices_are_what_there_is(said: tuple[str, ...], meant: object) -> None:
    assert said == tuple(meant)  # type: ignore[call-overload]


def test_the_values_without_an_option_are_those_there_are() -> None:
    assert (MAX_PIXELS, DEFAULTS["out"]) == (_choices.MAX_PIXELS, _choices.OUT)


def test_the_help_of_simulate_has_all_strategies() -> None:
    words = " ".join(parser().format_help().split())
    assert f"Strategies: {', '.join(available())}. Killed" in words
