import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import openal
from openal._guard import refuse_foreign_files


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "openal"
    folder.mkdir()
    (folder / "__init__.py").touch()
    return folder


def installed(package: Path, name: str, *files: str) -> None:
    """Write `files` into `package`, and the record of the distribution `name` that owns them."""
    info = package.parent / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "RECORD").write_text("".join(f"openal/{file},,\n" for file in files))
    for file in files:
        (package / file).touch()


def test_our_own_files_pass() -> None:
    refuse_foreign_files(openal.__path__[0])


def test_a_package_under_development_passes(package: Path) -> None:
    (package / "a_new_file.py").touch()
    refuse_foreign_files(str(package))


@pytest.mark.parametrize("file", ["al.py", "alc.py", "al_lib.py", "library_loader.py", "efx.py"])
def test_a_file_of_the_audio_package_is_refused(package: Path, file: str) -> None:
    (package / file).touch()
    with pytest.raises(ImportError, match=rf"PyOpenAL .* has put {file} among the files"):
        refuse_foreign_files(str(package))


def test_the_message_is_one_sentence_with_the_command(package: Path) -> None:
    installed(package, "PyOpenAL", "__init__.py", "al.py", "alc.py")
    with pytest.raises(ImportError) as caught:
        refuse_foreign_files(str(package))
    message = str(caught.value)
    assert "`pip uninstall PyOpenAL openal && pip install openal`" in message
    assert message.count(". ") == message.count("\n") == 0


def test_the_distribution_that_owns_the_file_is_named(package: Path) -> None:
    installed(package, "numpy", "unrelated.py")
    installed(package, "python-openal", "al.py", "audio.py")
    with pytest.raises(ImportError, match="pip uninstall python-openal openal"):
        refuse_foreign_files(str(package))


def test_a_distribution_that_records_no_files_is_passed_over(package: Path) -> None:
    installed(package, "numpy")
    (package.parent / "numpy-1.0.dist-info" / "RECORD").unlink()
    (package / "al.py").touch()
    with pytest.raises(ImportError, match="pip uninstall PyOpenAL openal"):
        refuse_foreign_files(str(package))


def test_the_front_door_asks_before_it_imports_anything_else(package: Path) -> None:
    for file in ("__init__.py", "_guard.py"):
        shutil.copy(Path(openal.__path__[0]) / file, package)
    (package / "alc.py").touch()
    command = [sys.executable, "-c", "import openal"]
    run = subprocess.run(command, cwd=package.parent, check=False, capture_output=True, text=True)
    assert run.returncode == 1
    assert "ImportError: The audio package PyOpenAL is also imported" in run.stderr
