"""The recipes run to their end, and what they ask gets better than the first answers."""

import re
import runpy
from importlib import util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
RECIPES = sorted((ROOT / "examples" / "recipes").glob("*.py"))
NEEDS = {
    "hugging_face": ("datasets", "transformers", "accelerate"),
    "lightning_callback": ("lightning",),
    "skorch_net": ("skorch",),
    "tensorboard_log": ("tensorboard",),
    "timm_encoder": ("timm",),
}
"""The packages of each recipe that openal itself does not need."""

ROUND = re.compile(r"round \d: (\d+)% of my classes")


def require(packages: tuple[str, ...]) -> None:
    absent = [name for name in packages if util.find_spec(name) is None]
    if absent:
        pytest.skip(f"pip install {' '.join(absent)}")


@pytest.mark.long
@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore:::(?!openal)")
def test_a_recipe_asks_more_of_the_classes_than_the_first_answers_had(
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    require(NEEDS.get(path.stem, ()))
    monkeypatch.chdir(tmp_path)  # where a recipe writes
    monkeypatch.setattr("sys.argv", [str(path)])
    runpy.run_path(str(path), run_name="__main__")
    shares = [int(share) for share in ROUND.findall(capfd.readouterr().out)]
    assert len(shares) >= 3
    assert shares[-1] > shares[0]


def test_every_recipe_is_linked_from_the_page() -> None:
    page = (ROOT / "docs" / "recipes.md").read_text("utf-8")
    linked = re.findall(r"\]\(\.\./examples/recipes/(\w+\.py)\)", page)
    assert sorted(linked) == [path.name for path in RECIPES]
