"""What takes longer than `.ci/run`: `nox` runs it all, `nox -l` lists it, `nox -s oldest` runs one.

Each has an environment of its own, made from nothing; a Python that is not there is skipped.
Arguments after `--` go to the command.
"""

import nox

nox.needs_version = ">=2024.10"
nox.options.default_venv_backend = "uv|virtualenv"

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
PYTEST = ["pytest", "-m", "full", "-n", "2", "-p", "no:cacheprovider"]


@nox.session(python=PYTHONS)
def newest(session: nox.Session) -> None:
    """All tests with the newest dependencies that can be had."""
    session.install("--upgrade", ".[test]")
    session.run(*PYTEST, *session.posargs, env={"CI": "true"})


@nox.session(python=PYTHONS[0], venv_backend="uv")
def oldest(session: nox.Session) -> None:
    """All tests with the oldest dependencies that pyproject.toml allows.

    Without scikit-activeml, which needs newer ones; its tests skip.
    """
    tools = ["hypothesis>=6.140", "playwright>=1.49", "pytest>=9.0", "pytest-xdist>=3.8"]
    tools += ["pyparsing>=3.1,<3.3"]  # newer ones warn of what matplotlib 3.8 calls
    session.install("--resolution=lowest-direct", ".[clip,faiss,frame,ood,plot,vision]", *tools)
    session.run(*PYTEST, *session.posargs, env={"CI": "true"})


@nox.session(python=PYTHONS[0])
def audit(session: nox.Session) -> None:
    """No dependency has a vulnerability that is known."""
    session.install(".[all,dev]", "pip-audit>=2.7")
    session.run("pip-audit", "--skip-editable", *session.posargs)


@nox.session(python=PYTHONS[0])
def nightly(session: nox.Session) -> None:
    """More examples, longer fuzzing, more kills, a million items."""
    session.install(".[test]")
    larger = {"HYPOTHESIS_PROFILE": "nightly", "OPENAL_FUZZ_SECONDS": "60", "OPENAL_SLOW": "1"}
    session.run(*PYTEST, *session.posargs, env=larger)


@nox.session(python=PYTHONS[0])
def coverage(session: nox.Session) -> None:
    """The lines and branches that the tests run."""
    session.install(".[test]", "pytest-cov>=7")
    session.run(*PYTEST, "--cov", *session.posargs, env={"CI": "true"})


@nox.session(python=PYTHONS[0])
def mutation(session: nox.Session) -> None:
    """The changes of the code that the tests notice: `nox -s mutation -- 2000` draws 2,000."""
    session.install("-e", ".[test]", "mutmut==3.8.1")
    session.run("scripts/mutate", *session.posargs, env={"CI": "true"})
