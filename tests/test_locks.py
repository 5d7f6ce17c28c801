"""Locks between processes and threads: nobody is left holding one."""

import errno
import fcntl
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openal import _image_reader, _locks, _threads
from openal._locks import ThreadLock, file_lock
from openal.learners import _sgd

HOLD = """
import sys
from pathlib import Path
from openal._locks import file_lock
with file_lock(Path(sys.argv[1]), wait=False) as ours:
    print(ours, flush=True)
    sys.stdin.read()
"""


def test_only_one_has_a_file_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with file_lock(path, wait=False) as first:
        with file_lock(path, wait=False) as second:
            assert (first, second) == (True, False)
        with file_lock(tmp_path / "other", wait=False) as other:
            assert other
    with file_lock(path, wait=False) as again:
        assert again


@pytest.mark.long
def test_a_killed_process_holds_no_file_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None and holder.stdout.readline() == "True\n"
    with file_lock(path, wait=False) as ours:
        assert not ours
    holder.kill()
    holder.communicate()
    with file_lock(path, wait=False) as ours:
        assert ours


def test_a_waiting_one_gets_it_when_the_other_is_done(tmp_path: Path) -> None:
    path, order = tmp_path / "lock", list[str]()

    def wait() -> None:
        with file_lock(path, wait=True):
            order.append("second")

    with file_lock(path, wait=True):
        thread = threading.Thread(target=wait)
        thread.start()
        thread.join(0.1)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_link_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"), file_lock(tmp_path / "lock", wait=False):
        pass
    assert not (tmp_path / "elsewhere").exists()


def failing(number: int) -> Callable[..., None]:
    def fail(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def taken(path: Path, wait: bool) -> bool:
    with file_lock(path, wait=wait) as ours:
        return ours


@pytest.mark.parametrize("number", sorted(_locks.NO_LOCKS))
@pytest.mark.parametrize("wait", [True, False])
def test_a_file_system_without_locks_is_told_of_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, wait: bool
) -> None:
    monkeypatch.setattr(fcntl, "flock", failing(number))
    with pytest.warns(UserWarning, match="let only one process at a time") as warned:
        assert [taken(tmp_path / "lock", wait) for _ in range(3)] == [True] * 3
    assert len(warned) == 1


def test_another_error_of_a_lock_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", failing(errno.EIO))
    with pytest.raises(OSError, match="Input/output"), file_lock(tmp_path / "lock", wait=True):
        pass


# --- between threads, across a fork


def forked(work: Callable[[], None], seconds: float = 20) -> int:
    """The exit status of a forked child that does the work; it is killed if it hangs."""
    with warnings.catch_warnings():  # Python 3.12 warns of a fork beside threads
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        threading.Timer(seconds, os._exit, [99]).start()
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_forked_child_inherits_no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_locks, "FORK_WAIT", 0.1)
    guard, inside, leave = ThreadLock(), threading.Event(), threading.Event()

    def hold() -> None:
        with guard.lock:
            inside.set()
            leave.wait()

    def take() -> None:
        with guard.lock:
            pass

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait()
    try:
        assert forked(take) == 0
    finally:
        leave.set()
        thread.join()


def test_a_fork_waits_until_what_is_guarded_is_whole() -> None:
    guard, inside, values = ThreadLock(), threading.Event(), list[int]()

    def fill() -> None:
        with guard.lock:
            for value in range(20):
                values.append(value)
                inside.set()
                inside.wait(0.01)
                threading.Event().wait(0.01)

    def look() -> None:
        assert values == [*range(20)]

    thread = threading.Thread(target=fill)
    thread.start()
    inside.wait()
    assert forked(look) == 0
    thread.join()


def test_a_fork_leaves_the_parent_s_locks_free() -> None:
    guard, taken = ThreadLock(), list[bool]()
    assert forked(lambda: None) == 0
    thread = threading.Thread(target=lambda: taken.append(guard.lock.acquire(timeout=5)))
    thread.start()
    thread.join()
    assert taken == [True]


def test_a_fork_inside_leaves_both_sides_inside() -> None:
    guard = ThreadLock()
    with guard.lock:
        assert forked(lambda: None) == 0
    assert forked(lambda: guard.lock.acquire(timeout=1) or os._exit(1)) == 0


def test_no_module_keeps_a_lock_that_a_forked_child_would_inherit() -> None:
    """A `ThreadLock` is new in a child, and so are the two that `register_at_fork` makes anew."""
    kinds = (type(threading.Lock()), type(threading.RLock()))
    anew = {id(_locks._registry), id(_threads._others)}
    modules = [module for name, module in sys.modules.items() if name.startswith("openal.")]
    held = [
        f"{module.__name__}.{name}"
        for module in (*modules, _sgd, _image_reader)
        for name, value in vars(module).items()
        for inner in (value, *getattr(value, "__dict__", {}).values())
        if isinstance(inner, kinds) and id(value) not in anew and not isinstance(value, type(os))
    ]
    assert held == []
