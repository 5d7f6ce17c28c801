"""The page in a real browser: by keyboard and mouse, in two windows, over a kill of the server."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from openal import SKIPPED, UNKNOWN
from openal.label._desk import Desk
from tests.label.desks import answers_of
from tests.label.driving import TOKEN, Client, served, server_in
from tests.label.studio import CLASSES, truth, work_in

KEYS = {UNKNOWN: "0", SKIPPED: "."}
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


class Person:
    """Somebody at a window, who remembers what was said about which image."""

    def __init__(self, chromium: Any, url: str, said: dict[int, int], **look: Any) -> None:
        self.said, self.wrong = said, []
        self.context = chromium.new_context(**look)
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.wrong.append(f"{error}"))
        self.page.on("console", lambda message: self.wrong.append(message.text))
        self.page.goto(url)

    def shown(self, other_than: int | None = None) -> int:
        """The image that is shown, once it is."""
        rest = "" if other_than is None else f":not([data-index='{other_than}'])"
        return int(self.page.locator(f"#canvas[data-index]{rest}").get_attribute("data-index"))

    def press(self, answer: int, key: str | None = None) -> int:
        """Answer by a key; what is shown next."""
        index = self.shown()
        self.page.keyboard.press(key or KEYS.get(answer, f"{answer + 1}"))
        self.said[index] = answer
        return self.shown(other_than=index)

    def click(self, answer: int) -> int:
        """Answer by a button."""
        index = self.shown()
        name = {UNKNOWN: "None of these", SKIPPED: "Cannot tell"}.get(answer) or CLASSES[answer]
        self.page.get_by_role("button", name=name, exact=True).click()
        self.said[index] = answer
        return self.shown(other_than=index)

    def tiles(self) -> list[int]:
        """The images of the grid."""
        self.page.locator(".tile img").first.wait_for(state="attached")
        tiles = self.page.locator(".tile").all()
        return [int(tile.get_attribute("data-index")) for tile in tiles]

    def close(self) -> None:
        """Leave; what went wrong, but for the connections that a kill cut."""
        self.page.close(run_before_unload=False)
        self.context.close()
        assert [text for text in self.wrong if "Failed to load resource" not in text] == []


def test_what_two_people_say_is_what_the_ledger_has(chromium: Any, tmp_path: Path) -> None:
    work, said = work_in(tmp_path, size=60), {}
    with server_in(tmp_path) as server:
        url = "http://127.0.0.1:{}/{}/".format(*server.address())
        one = Person(chromium, url, said, viewport=WIDE)
        two = Person(chromium, url, said, viewport=PHONE, color_scheme="dark", has_touch=True)
        for _ in range(2):
            assert one.shown() != two.shown()
            one.press(truth(one.shown()))
            two.click(truth(two.shown()))
        undo_and_skip(one)
        add_class_and_name(one, hasattr(work.labeled, "add_class"))
        server.kill()
        one.press(truth(one.shown()))  # it is sent until a server is there again
        one.press(SKIPPED)
        label_in_a_grid(one)
        two.click(truth(two.shown()))  # the last of the round: the next one begins
        another_page_of_the_grid(one)
        with_tab_and_enter(one)
        one.page.goto("about:blank")  # what it held goes to the other window
        while len(said) < 24:  # until the third round
            two.click(truth(two.shown()))
        one.page.goto(url)
        one.press(UNKNOWN)
        for person in (one, two):
            person.close()
    labeled = work_in(tmp_path).labeled
    assert answers_of(Desk(work_in(tmp_path))) == said
    assert len([past for past in labeled.history if past.begun]) == 3
    assert {*labeled.annotators.values()} == {"Kim"}


def undo_and_skip(person: Person) -> None:
    """A wrong answer is taken back; an image that was skipped is not asked next."""
    index = person.shown()
    person.press(2)
    person.page.keyboard.press("u")
    person.page.locator(f"#canvas[data-index='{index}']").wait_for()
    person.press(truth(index))
    skipped = person.shown()
    person.page.keyboard.press("s")
    assert person.shown(other_than=skipped) != skipped


def add_class_and_name(person: Person, can_add: bool) -> None:
    """Say who answers, and name a class that was not foreseen."""
    person.page.keyboard.press("?")
    person.page.get_by_label("Your name").fill("Kim")
    person.page.get_by_role("button", name="Close").click()
    assert person.page.get_by_role("button", name="New class").is_visible() == can_add
    if can_add:
        person.page.keyboard.press("c")
        person.page.get_by_label("Name", exact=True).fill("stripes")
        person.page.keyboard.press("Enter")
        person.page.get_by_role("button", name="stripes").wait_for()
        person.press(3)


def label_in_a_grid(person: Person) -> None:
    """A tile by a key, then changed; the rest at once."""
    person.page.keyboard.press("g")
    tiles = person.tiles()
    person.page.keyboard.press("1")
    person.page.locator(".tile .badge", has_text="circle").wait_for()
    person.page.keyboard.press("ArrowLeft")
    person.page.keyboard.press("2")
    person.page.locator(".tile .badge", has_text="square").wait_for()
    person.page.keyboard.press("r")
    person.page.locator("#next:focus").wait_for()
    person.said.update(dict.fromkeys(tiles, UNKNOWN) | {tiles[0]: 1})


def another_page_of_the_grid(person: Person) -> None:
    """More images, a look at one of them, and back to one alone."""
    before = person.tiles()
    person.page.keyboard.press("Enter")  # the button for more has the focus
    person.page.locator(f".tile:first-child:not([data-index='{before[0]}']) img").wait_for()
    assert not {*before} & {*person.tiles()}
    person.page.keyboard.press("e")
    assert person.shown() == person.tiles()[0]
    person.page.keyboard.press("g")


def with_tab_and_enter(person: Person) -> None:
    """Nothing but Tab and Enter."""
    index = person.shown()
    for _ in range(20):
        person.page.keyboard.press("Tab")
        if person.page.evaluate("document.activeElement.id") == "none":
            break
    person.page.keyboard.press("Enter")
    person.said[index] = UNKNOWN
    person.shown(other_than=index)


def test_a_class_of_another_window_shows_within_five_seconds(chromium: Any, tmp_path: Path) -> None:
    with served(work_in(tmp_path)) as port:
        page = chromium.new_page()
        page.clock.install()
        page.goto(f"http://127.0.0.1:{port}/{TOKEN}/")
        page.locator("#canvas[data-index]").wait_for()
        Client(port).post("class", name="stripes", hold=0)
        page.clock.fast_forward(5_000)
        page.get_by_role("button", name="stripes").wait_for(timeout=5_000)
        page.close()


# --- how it looks


@pytest.fixture
def opened(chromium: Any, studio: SimpleNamespace, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The page at a size, in a scheme of colors, with one image or a grid."""
    size, scheme, view = request.param
    context = chromium.new_context(viewport=size, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{studio.port}/{TOKEN}/")
    page.locator("#canvas[data-index]").wait_for()
    if view == "grid":
        page.keyboard.press("g")
        page.locator(".tile img").first.wait_for()
    yield page
    context.close()


VIEWS = [
    (size, scheme, view)
    for size in (WIDE, PHONE)
    for scheme in ("light", "dark")
    for view in ("one", "grid")
]

TOO_SMALL = """() => [...document.querySelectorAll("button, summary, input")]
    .filter((part) => part.checkVisibility())
    .map((part) => [part.id || part.textContent, part.getBoundingClientRect()])
    .filter(([_, box]) => box.height < 44 || box.width < 44).map(([name]) => name)"""

FAINT = """() => {
    const light = (text) => {
        const parts = text.match(/[\\d.]+/g).map(Number).slice(0, 3).map((value) => {
            const share = value / 255
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
        })
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    }
    const behind = (part) => {
        const color = getComputedStyle(part).backgroundColor
        return /^rgba.* 0\\)$/.test(color) ? behind(part.parentElement) : color
    }
    const isText = (node) => node.nodeType === 3 && node.data.trim()
    const own = (part) => [...part.childNodes].some(isText)
    return [...document.body.querySelectorAll("*")]
        .filter((part) => own(part) && part.checkVisibility() && !part.closest(":disabled, script"))
        .map((part) => {
            const ink = light(getComputedStyle(part).color), page = light(behind(part))
            return [part.textContent, (Math.max(ink, page) + 0.05) / (Math.min(ink, page) + 0.05)]
        })
        .filter(([_, contrast]) => contrast < 4.5)
}"""


@pytest.mark.parametrize("opened", VIEWS, indirect=True, ids=range(len(VIEWS)))
def test_all_is_large_clear_and_on_the_page(opened: Any) -> None:
    assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert opened.evaluate(TOO_SMALL) == []
    assert opened.evaluate(FAINT) == []


@pytest.mark.parametrize("opened", VIEWS[:1], indirect=True, ids=["wide"])
def test_a_screen_reader_finds_names_and_news(opened: Any) -> None:
    tree = opened.locator("body").aria_snapshot()
    for part in ('progressbar "Answers of this round"', 'button "Undo" [disabled]', '"circle"'):
        assert part in tree
    assert "number" in opened.locator("#canvas img").get_attribute("alt")
    index = opened.locator("#canvas").get_attribute("data-index")
    opened.keyboard.press("0")
    opened.locator(f"#canvas[data-index]:not([data-index='{index}'])").wait_for()
    assert "none of these recorded" in opened.locator("#live").text_content()
    opened.keyboard.press("u")
    opened.locator(f"#canvas[data-index='{index}']").wait_for()


@pytest.mark.parametrize("opened", VIEWS[:1], indirect=True, ids=["wide"])
def test_the_image_can_be_enlarged_and_moved(opened: Any) -> None:
    def box() -> dict[str, float]:
        return opened.locator("#canvas img").bounding_box()

    before = box()
    for key in ("+", "+", "+"):
        opened.keyboard.press(key)
    large = box()
    assert large["width"] == pytest.approx(before["width"] * 1.5**3, rel=0.01)
    opened.keyboard.press("ArrowRight")
    assert box()["x"] < large["x"]
    opened.mouse.move(400, 400)
    opened.mouse.down()
    opened.mouse.move(500, 400)
    opened.mouse.up()
    assert box()["x"] > large["x"]
    opened.keyboard.press("f")
    assert box() == before


@pytest.mark.parametrize("opened", VIEWS[:1], indirect=True, ids=["wide"])
def test_the_next_image_is_there_before_it_is_asked(opened: Any) -> None:
    loaded = opened.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    (soon,) = opened.evaluate("app.state.soon")
    assert any(name.endswith(f"/image/{soon}/screen") for name in loaded)
