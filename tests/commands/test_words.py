"""Commands that tell about words: papers, strategies, completion, examples, what may be meant."""

import json
import re
import shlex
import shutil
import subprocess
from importlib import import_module
from pathlib import Path

import pytest

import openal
from openal.cli import COMMANDS, main, module_of
from openal.commands._completion import SHELLS
from openal.commands._examples import EXAMPLES
from openal.errors import ArgumentError
from openal.simulate._own_strategy import named_strategies
from openal.strategies import NEAT, available

MINE = """\
from dataclasses import dataclass
from openal import Chain
from openal.informativeness import Margin
from openal.query import Paper
from openal.selection import Top
from beside import FACTOR

@dataclass(frozen=True)
class Mine(Paper):
    factor: float = FACTOR

    def plan(self):
        return Chain(Top(Margin(), factor=self.factor))

ready = Chain(Top(Margin()))
NEAT = Mine

def number():
    return 3
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.syspath_prepend(str(tmp_path))  # and takes away what the command adds
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "beside.py").write_text("FACTOR = 1.0\n")
    return str(tmp_path / "mine.py")


def test_cite_prints_entries(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cite", "NEAT(k=5)", "BADGE"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("% NEAT, KnownNeighbors, Inconsistency\n@inproceedings{mao2024")
    assert "@inproceedings{ash2020deep" in out


def test_cite_alone_prints_the_library(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cite"]) == 0
    assert capsys.readouterr().out.startswith("@misc{openal,")


def test_cite_asks_what_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cite", "NEET"]) == 2
    assert capsys.readouterr().err.endswith("unknown strategy 'NEET'; did you mean NEAT?\n")


def test_strategies_lists_all_within_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["strategies"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {*available()} <= {*lines}
    assert max(map(len, lines)) <= 80
    assert "  reads embeddings, logits; mao2024inconsistency" in lines


def test_strategies_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["strategies", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["Random"]["reads"] == rows["Random"]["papers"] == []
    assert rows["NEAT"]["papers"] == ["mao2024inconsistency"]


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_knows_every_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    out = capsys.readouterr().out
    assert [name for name in COMMANDS if not re.search(rf"\b{name}\b", out)] == []
    assert "ood-ratio" in out
    assert "lfosa-openness" in out


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "bash"]) == 0
    (tmp_path / "script").write_text(capsys.readouterr().out)
    (tmp_path / "answers.csv").write_text("")
    asked = {
        "si": "simulate",
        "simulate --reci": "--recipe",
        "simulate --recipe lf": "lfosa lfosa-openness",
        "ledger ch": "check",
        "import --policy maj": "majority",
        "import --annotator answ": "answers.csv",
        "import answ": "answers.csv",
    }
    lines = ["source ./script"]
    for words in asked:
        count = len(words.split())
        lines.append(f"COMP_WORDS=(openal {words}); COMP_CWORD={count}; _openal")
        lines.append('echo "${COMPREPLY[@]}"')
    command = ["bash", "--norc", "-u", "-c", "\n".join(lines)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [*asked.values()]
    assert done.stderr == ""


COMPLETED = {
    "si": "simulate",
    "simulate --reci": "--recipe",
    "simulate --recipe lf": "lfosa lfosa-openness",
    "ledger ch": "check",
    "import --policy maj": "majority",
}


@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish")
def test_fish_completes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "fish"]) == 0
    (tmp_path / "script").write_text(capsys.readouterr().out)
    asked = [f"echo (complete -C 'openal {words}' | cut -f 1)" for words in COMPLETED]
    command = ["fish", "--no-config", "-c", "\n".join(["source ./script", *asked])]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [*COMPLETED.values()]
    assert done.stderr == ""


ZSH = """
compdef() { }
_files() { }
_describe() { for one in $commands; do compadd -- ${one%%:*}; done }
compadd() { shift; for one in $@; do [[ $one == $words[CURRENT]* ]] && all+=($one); done }
source ./script
asked() { words=("$@"); CURRENT=$#; all=(); _openal; print -r -- $all }
"""
"""What completion calls, as functions that print."""


@pytest.mark.skipif(shutil.which("zsh") is None, reason="there is no zsh")
def test_zsh_completes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "zsh"]) == 0
    (tmp_path / "script").write_text(capsys.readouterr().out)
    asked = [f"asked openal {words}" for words in COMPLETED]
    command = ["zsh", "-f", "-c", "\n".join([ZSH, *asked])]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [*COMPLETED.values()]
    assert done.stderr == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_a_help_ends_with_an_example_that_the_command_takes(name: str) -> None:
    parser = import_module(module_of(name)).parser()
    example = EXAMPLES[f"openal {name}"]
    assert parser.format_help().endswith(f"\nexample:\n  {example}\n")
    words = shlex.split(example.partition(" > ")[0])
    assert words[:2] == ["openal", name]
    parser.parse_args(words[2:])


def test_help_fits_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for name in COMMANDS:
        help_lines = import_module(module_of(name)).parser().format_help().splitlines()
        assert [line for line in help_lines if len(line) > 80] == []


def test_the_list_of_commands_fits_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_the_version_has_a_short_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-V"]) == 0
    assert capsys.readouterr().out == f"openal {openal.__version__}\n"


@pytest.mark.parametrize(
    "words, question",
    [
        (["simulat"], "there is no command 'simulat'; did you mean simulate?"),
        (["ledger", "checks", "x"], "; did you mean check?"),
        (["ledger", "check", "x", "--forma"], "; did you mean --format?"),
        (["simulate", "--strategie", "NEAT"], "; did you mean --strategies?"),
        (["simulate", "--recipe", "lfos"], "; did you mean lfosa?"),
        (["zzz"], "there is no command 'zzz'; try openal --help"),
    ],
)
def test_what_may_be_meant(
    words: list[str], question: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err.endswith(f"{question}\n")


def test_a_strategy_of_a_file_is_named_without_the_file(mine: str) -> None:
    named = named_strategies([f"{mine}:Mine(factor=2)", f"{mine}:ready", "NEAT(k=5)"])
    assert [*named] == ["Mine(factor=2)", "ready", "NEAT(k=5)"]
    assert repr(named["Mine(factor=2)"]) == "Mine(factor=2)"
    assert named["NEAT(k=5)"] == NEAT(k=5)


def test_a_name_that_is_taken_keeps_the_file(mine: str) -> None:
    assert [*named_strategies([f"{mine}:NEAT", "NEAT"])] == [f"{mine}:NEAT", "NEAT"]


@pytest.mark.parametrize(
    "name, reason",
    [
        ("Mne", "has no Mne; did you mean Mine"),
        ("number", "must be a strategy, with a method query; got 3"),
        ("Mine(factors=2)", "cannot be built with these options"),
    ],
)
def test_what_is_no_strategy_of_the_file_is_refused(mine: str, name: str, reason: str) -> None:
    with pytest.raises(ArgumentError, match=reason):
        named_strategies([f"{mine}:{name}"])


def test_a_file_that_fails_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text("\n1 / 0\n")
    with pytest.raises(ArgumentError, match=r"broken.py cannot be run: ZeroDivision.*\(line 2\)"):
        named_strategies([f"{path}:Mine"])
    with pytest.raises(ArgumentError, match=r"nothing.py is no file"):
        named_strategies(["nothing.py:Mine"])
