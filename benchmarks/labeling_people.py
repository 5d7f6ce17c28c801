"""Scripted people who know the truth, at windows of the page that `openal label` serves."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

__all__ = ["Label", "Person", "Truth", "done"]

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
SIZES = {"wide": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}


def started(folder: Path, *words: str) -> subprocess.Popen[str]:
    """`openal ...` in a folder."""
    line = [sys.executable, "-m", "openal", *words]
    return subprocess.Popen(  # noqa: S603
        line, cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    )


def done(folder: Path, *words: str) -> float:
    """The seconds that `openal ...` takes; the benchmark ends where it fails."""
    begun = perf_counter()
    process = started(folder, *words)
    said, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"openal {' '.join(words)} failed:\n{said}")
    return perf_counter() - begun


class Label:
    """`openal label` of a project, which may be killed and started again at its address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = self.start()

    def start(self) -> str:
        """The address that it prints once its page is there."""
        self.process = started(self.folder, "label", "--port", "0", "--no-browser")
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+/\S+", line):
                return found[0]
        raise SystemExit("openal label ended.")

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.communicate()

    def start_again(self) -> None:
        """The windows that are open find it again by themselves."""
        assert self.start() == self.url


@dataclass
class Truth:
    """What the photos are, what is looked for by now, and what was said in which order."""

    kinds: dict[str, str]
    classes: list[str]
    said: dict[str, str] = field(default_factory=dict)

    def of(self, name: str) -> str:
        """The right answer to a photo."""
        return self.kinds[name] if self.kinds[name] in self.classes else "UNKNOWN"


class Person:
    """Somebody at a window who knows the truth, and answers by keys or by the mouse."""

    def __init__(self, browser: Any, url: str, truth: Truth, size: str, scheme: str) -> None:
        self.truth, self.size, self.scheme = truth, size, scheme
        context = browser.new_context(viewport=SIZES[size], color_scheme=scheme)
        self.page = context.new_page()
        self.page.set_default_timeout(120_000)
        self.page.goto(url)

    def shown(self, besides: str = "") -> str:
        """The name of the photo that is shown, once there is one (other than that of an index)."""
        self.page.locator(f"#canvas[data-index]:not([data-index='{besides}'])").wait_for()
        return str(self.page.locator("#file").text_content())

    def index(self) -> str:
        """The position of the photo that is shown."""
        return str(self.page.locator("#canvas").get_attribute("data-index"))

    def say(self, answer: str) -> None:
        """Answer what is shown."""
        if self.size == "phone":
            name = "None of these" if answer == "UNKNOWN" else answer
            self.page.get_by_role("button", name=name, exact=True).click()
        else:
            classes = ["UNKNOWN", *self.truth.classes]
            self.page.keyboard.press(f"{classes.index(answer)}")

    def answer(self, killed: Label | None = None) -> None:
        """Say what is true of what is shown, to a server that may be killed before it hears that.

        It is recorded when this returns.
        """
        name, index = self.shown(), self.index()
        self.truth.said[name] = self.truth.of(name)
        if killed is not None:
            killed.kill()
        self.say(self.truth.said[name])
        if killed is not None:
            killed.start_again()
        self.page.locator(f"#canvas:not([data-index='{index}'])").wait_for(state="attached")

    def err(self) -> None:
        """Take a wrong answer back, then skip the photo, which comes again later."""
        name, index = self.shown(), self.index()
        self.say("UNKNOWN" if self.truth.of(name) != "UNKNOWN" else self.truth.classes[0])
        self.shown(besides=index)
        self.page.keyboard.press("u")
        self.page.locator(f"#canvas[data-index='{index}']").wait_for()
        self.page.keyboard.press("s")
        assert self.shown(besides=index) != name

    def add_class(self, name: str) -> None:
        """Look for another kind from now on."""
        self.page.keyboard.press("c")
        self.page.get_by_label("Name", exact=True).fill(name)
        self.page.keyboard.press("Enter")
        self.page.get_by_role("button", name=name, exact=True).wait_for()
        self.truth.classes.append(name)

    def shots(self, folder: Path) -> None:
        """Screenshots in light and in dark; the name of one tells where it is not as usual."""
        self.page.mouse.move(0, 0)  # off the button that was clicked
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)
            self.page.wait_for_timeout(300)  # colors change slowly
            self.shown()
            usual = "" if scheme == self.scheme else f"-{scheme}"
            self.page.screenshot(path=folder / f"label-{self.size}{usual}.png")
