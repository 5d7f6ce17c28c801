"""Parts handed out to threads: each has one of torch's, and nothing of the caller's is lost."""

import os
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import torch

from openal import _threads
from openal._threads import for_each, one_thread, whole_parts


@pytest.fixture(params=[1, 2], autouse=True)
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    assert torch.get_num_threads() == request.param
    torch.set_num_threads(before)


def test_every_part_once_each_with_one_thread() -> None:
    seen: list[tuple[int, int]] = []
    for_each(range(50), lambda part: seen.append((part, torch.get_num_threads())))
    assert sorted(seen) == [(part, 1) for part in range(50)]


def test_as_many_at_a_time_as_torch_has_threads(threads: int) -> None:
    meeting = threading.Barrier(threads)
    for_each(range(threads), lambda _: meeting.wait(timeout=30))


def test_parts_are_made_one_after_another_and_few_are_held(threads: int) -> None:
    made, done = [0], list[int]()

    def parts() -> Iterator[int]:
        for part in range(30):
            made[0] += 1
            yield part

    def function(part: int) -> None:
        assert made[0] - len(done) <= 2 * threads + 2
        done.append(part)

    for_each(parts(), function)
    assert sorted(done) == list(range(30))


def test_an_error_of_a_part_ends_it() -> None:
    done: list[int] = []

    def function(part: int) -> None:
        if part == 3:
            raise ValueError("part 3")
        done.append(part)

    with pytest.raises(ValueError, match="part 3"):
        for_each(range(1000), function)
    assert len(done) < 100


@pytest.mark.parametrize("inference", [True, False])
def test_the_callers_inference_mode_is_the_parts(inference: bool) -> None:
    with torch.inference_mode(inference):
        result = torch.zeros(4)
        for_each(range(4), lambda part: result[part : part + 1].add_(part))
    assert result.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("grad", [True, False])
def test_the_callers_gradient_mode_is_the_parts(grad: bool) -> None:
    x, found = torch.ones(1, requires_grad=True), list[bool]()
    with torch.set_grad_enabled(grad):
        for_each([x, x], lambda part: found.append((part * 2).requires_grad))
    assert found == [grad, grad]


def test_inside_one_thread_nothing_is_handed_out() -> None:
    here: set[int] = set()
    with one_thread():
        for_each(range(3), lambda _: here.add(threading.get_ident()))
    assert here == {threading.get_ident()}


def test_a_thread_that_comes_while_another_is_in_leaves_no_trace(threads: int) -> None:
    inside, leave = threading.Event(), threading.Event()

    def first() -> None:
        with one_thread():
            inside.set()
            leave.wait(timeout=30)

    def second() -> None:
        with one_thread():
            leave.set()
            early.join(timeout=30)

    early, late = threading.Thread(target=first), threading.Thread(target=second)
    early.start()
    inside.wait(timeout=30)
    late.start()
    late.join(timeout=30)
    seen: list[int] = []
    after = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    after.start()
    after.join(timeout=30)
    assert seen == [threads]


def in_a_child(value: Callable[[], int]) -> int:
    """What a forked child finds; 255 where it waits for a lock."""
    child = os.fork()
    if child == 0:
        threading.Thread(target=lambda: (time.sleep(10), os._exit(255)), daemon=True).start()
        os._exit(value())
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def after_one_thread() -> int:
    with one_thread():
        return torch.get_num_threads()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_inherits_neither_the_lock_nor_the_threads_of_another_thread(threads: int) -> None:
    """It would wait for threads of torch's that it does not have."""
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with one_thread():
            inside.set()
            leave.wait(timeout=30)

    thread = threading.Thread(target=other)
    thread.start()
    inside.wait(timeout=30)
    with _threads._others.lock:
        found = in_a_child(lambda: [after_one_thread(), torch.get_num_threads()][1])
    leave.set()
    thread.join(timeout=30)
    assert (found, torch.get_num_threads()) == (1, threads)


def test_one_thread_within_one_thread() -> None:
    with one_thread():
        with one_thread():
            pass
        assert torch.get_num_threads() == 1


def test_a_part_may_ask_for_one_thread() -> None:
    seen: list[int] = []

    def function(part: int) -> None:
        with one_thread():
            pass
        seen.append(torch.get_num_threads())

    for_each(range(20), function)
    assert seen == [1] * 20


def test_whole_parts_leave_their_threads_to_parts(threads: int) -> None:
    between: list[int] = []
    meeting = threading.Barrier(threads)

    @whole_parts()
    def function() -> None:
        between.append(torch.get_num_threads())
        for_each(range(threads), lambda _: meeting.wait(timeout=30))

    function()
    assert between == [1]


def test_one_thread_is_one_even_around_whole_parts() -> None:
    here: set[int] = set()
    with one_thread(), whole_parts():
        for_each(range(5), lambda _: here.add(threading.get_ident()))
    with whole_parts(), one_thread():
        for_each(range(5), lambda _: here.add(threading.get_ident()))
    assert here == {threading.get_ident()}
