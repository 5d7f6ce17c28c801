"""A name that a benchmark does not have is refused before anything is loaded, run or written."""

from importlib import import_module
from pathlib import Path

import pytest

from benchmarks.own_network.plan import compared, names, task_network

MISTAKES = {
    "__main__": ("--quick --only argsort", "no name holds 'argsort'", "k_center_greedy"),
    "claims": ("clip --strategies Random NAET", "'NAET' is not there; did you mean NEAT?", "NEAT"),
    "cold_starts": ("--strategies NAET", "'NAET' is not there; did you mean NEAT?", "NEAT"),
    "defaults": ("--out no.jsonl --cells pet", "'pet' is not there; did you mean pets?", "caltech"),
    "files_entered": ("--only NAET", "'NAET' is not there; did you mean NEAT?", "simulate"),
    "loaded": ("--only argsort", "no name holds 'argsort'", "k_center_greedy"),
    "ood_ratios": ("--strategies NAET", "'NAET' is not there; did you mean NEAT?", "NEAT"),
    "own_network": ("cifar10 --strategies NAET", "did you mean NEAT?", "LfOSA, pixels"),
    "real_pools": ("clip --strategies NAET", "'NAET' is not there; did you mean NEAT?", "NEAT"),
    "variants": ("--out no.jsonl --variants lite", "'lite' is not there", "two clusters"),
}
"""By module a command line with a mistake, what is said of it, and one of the names that exist."""


@pytest.mark.parametrize("module", MISTAKES)
def test_an_unknown_name_is_refused_with_what_exists(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    line, problem, there = MISTAKES[module]
    package = f"{module}.__main__" if module == "own_network" else module
    with pytest.raises(SystemExit) as raised:
        import_module(f"benchmarks.{package}").main(line.split())
    printed = capsys.readouterr()
    assert (raised.value.code, printed.out) == (2, "")
    assert problem in printed.err and there in printed.err.split("There are:")[1]
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    "module, line, problem",
    [
        ("defaults", "--out no.jsonl --strategies NAET", "argument --strategies: 'NAET'"),
        ("defaults", "--out a --cells pets --embeddings b.npz", "argument --cells: these name"),
        ("own_network.__main__", "cifar10 --beside NAET", "argument --beside: 'NAET'"),
        (
            "own_network.__main__",
            "cifar10 --task linear --strategies lfosa, pixels",
            "--strategies",
        ),
        ("claims", "clip --strategies NEAT", "all are compared with Random"),
        ("claims", "cifar10 --strategies Random CLIPNAL", "did you mean CLIPNAL, images?"),
    ],
)
def test_what_a_benchmark_cannot_do_is_refused(
    module: str,
    line: str,
    problem: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        import_module(f"benchmarks.{module}").main(line.split())
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize("task", ["cnn", "linear"])
def test_the_names_of_a_task_are_known_before_its_network_is_made(task: str) -> None:
    from tests.test_benchmark_own_network import TOY, toy

    made = task_network(task, toy(16), 16, TOY)
    assert names(task) == [*compared(made)]
