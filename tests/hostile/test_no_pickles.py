"""No code of the package runs what a file holds."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import openal
from tests.walking import walked

PACKAGE = Path(openal.__path__[0])

# What unpickles or runs; and the argument that lets it read data alone, its value, its default.
RUNS = {
    "torch.load": ("weights_only", "True", "by default, some versions unpickle"),
    "numpy.load": ("allow_pickle", "False", "False"),
    **dict.fromkeys(
        (
            *("pickle.load", "pickle.loads", "pickle.Unpickler", "dill.load", "dill.loads"),
            *("cloudpickle.load", "cloudpickle.loads", "marshal.load", "marshal.loads"),
            *("joblib.load", "shelve.open", "pandas.read_pickle", "torch.jit.load"),
            *("torch.package.PackageImporter", "torch.hub.load", "yaml.load", "yaml.unsafe_load"),
            *("eval", "exec", "os.system", "subprocess.run", "subprocess.Popen", "runpy.run_path"),
            *("zipfile.ZipFile.extractall", "tarfile.open", "shutil.unpack_archive"),
        )
    ),
}
ITS_OWN = {  # the battery for strategies copies what it made itself, in this process or its child
    "testing/_value_checks.py": {"pickle.loads", "eval"},
    "testing/_state_checks.py": {"pickle.loads"},
    "testing/_repeat_checks.py": {"pickle.loads"},
}


def called(source: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call, by the full name of what is called, as far as its imports tell."""
    tree, names = ast.parse(source), dict[str, str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name: alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            first, dot, rest = ast.unparse(node.func).partition(".")
            yield names.get(first, first) + dot + rest, node


def runs_a_file(name: str, call: ast.Call) -> bool:
    if name not in RUNS:
        return False
    if RUNS[name] is None:
        return True
    argument, safe, default = RUNS[name]
    given = {each.arg: ast.unparse(each.value) for each in call.keywords}
    return None in given or given.get(argument, default) != safe


@walked
@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_no_code_runs_what_a_file_holds(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    found = {name for name, call in called(source) if runs_a_file(name, call)}
    assert found <= ITS_OWN.get(path.relative_to(PACKAGE).as_posix(), set())


@walked
@pytest.mark.parametrize(
    "source",
    [
        "import torch\ntorch.load(path)",
        "import torch as t\nt.load(path, weights_only=False)",
        "from torch import load as read\nread(path)",
        "from pickle import loads\nloads(text)",
        "import numpy as np\nnp.load(path, allow_pickle=True)",
        "import numpy as np\nnp.load(path, **options)",
        "import torch\ntorch.jit.load(path)",
        "def f():\n    import joblib\n    return joblib.load(path)",
    ],
)
def test_such_code_would_be_found(source: str) -> None:
    assert any(runs_a_file(name, call) for name, call in called(source))
