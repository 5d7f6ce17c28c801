"""Who holds which image."""

from openal.label._leases import LEASE, MOST_WINDOWS, Leases


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def leases(clock: Clock | None = None) -> Leases:
    made = Leases(clock or Clock())
    made.touch("a")
    made.touch("b")
    return made


def test_two_windows_never_hold_the_same() -> None:
    given = leases()
    assert given.give("a", [1, 2, 3, 4], 2) == ([1, 2], [3, 4])
    assert given.give("b", [1, 2, 3, 4], 2) == ([3, 4], [])


def test_a_window_keeps_what_it_holds() -> None:
    given = leases()
    given.give("a", [1, 2, 3], 1)
    assert given.give("a", [9, 1, 2, 3], 1)[0] == [1]


def test_what_is_announced_to_a_window_is_its_next() -> None:
    given = leases()
    assert given.give("a", [1, 2, 3, 4], 1) == ([1], [2])
    assert given.give("b", [1, 2, 3, 4], 1) == ([3], [4])
    given.drop([1])
    assert given.give("a", [2, 3, 4], 1) == ([2], [])


def test_what_is_announced_goes_to_another_window_that_has_nothing_else() -> None:
    given = leases()
    given.give("a", [1, 2], 1)
    assert given.give("b", [1, 2], 1)[0] == [2]


def test_a_window_that_holds_less_gives_the_rest_back() -> None:
    given = leases()
    given.give("a", [1, 2, 3], 3)
    assert given.give("a", [1, 2, 3], 1)[0] == [1]
    assert given.give("a", [1, 2, 3], 1)[1] == [2]
    assert given.give("b", [1, 2, 3], 2)[0] == [3, 2]


def test_a_silent_window_loses_its_images() -> None:
    clock = Clock()
    given = leases(clock)
    given.give("a", [1], 1)
    clock.now = LEASE
    given.touch("b")
    assert given.give("b", [1], 1)[0] == []
    clock.now = LEASE + 1
    given.touch("b")
    assert given.give("b", [1], 1)[0] == [1]


def test_a_window_that_is_closed_frees_its_images() -> None:
    given = leases()
    given.give("a", [1], 1)
    given.leave("a")
    assert not given.is_elsewhere(1, "b")


def test_what_was_put_back_comes_last() -> None:
    given = leases()
    given.give("a", [1, 2, 3], 1)
    given.put_back([1])
    assert given.give("a", [1, 2, 3], 3)[0] == [2, 3, 1]


def test_the_only_image_comes_again() -> None:
    given = leases()
    given.give("a", [1], 1)
    given.put_back([1])
    assert given.give("a", [1], 1)[0] == [1]


def test_what_leads_is_shown_first() -> None:
    given = leases()
    given.give("a", [1, 2], 1)
    given.lead("a", [7])
    assert given.give("a", [1, 7, 2], 1) == ([7], [1])


def test_windows_without_end_are_forgotten() -> None:
    given = leases()
    for number in range(MOST_WINDOWS + 5):
        given.touch(f"{number}")
        given.give(f"{number}", [number], 1)
    assert len(given._held) == MOST_WINDOWS
