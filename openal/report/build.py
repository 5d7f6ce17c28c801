"""From a folder of results to a page and its files."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from openal._files import write_whole
from openal.report._class_scores import class_fields
from openal.report._costs import cost_figures
from openal.report._feature_maps import feature_maps, read_features
from openal.report._figure import Figure, Styles, write_figure
from openal.report._gallery import Gallery, Sheet
from openal.report._item_figures import item_figures, sheets
from openal.report._page import Section, page
from openal.report._results import Results, read_results
from openal.report._run_figures import run_figures
from openal.report._svg import Style, sheet
from openal.report._tables import aubc_rows

__all__ = ["Report", "report", "write_report"]


@dataclass(frozen=True, eq=False)
class Report:
    """`results` with the look (`styles`) of each strategy, a section for each condition, the
    `costs` of all of them, and the sheets of `images` that the `sections` show.
    """

    results: Results
    styles: Styles
    sections: tuple[Section, ...]
    costs: tuple[Figure, ...]
    images: Iterable[Sheet]

    def html(self, files: str) -> str:
        """The page, which points at the figures' files in the folder `files`."""
        pictures = "".join(sheet.css() for sheet in self.images)
        return page(self.results, self.sections, self.costs, self.styles, files, pictures)

    def write(self, files: Path) -> None:
        """The figures' files."""
        for section in tqdm(self.sections, unit="condition", disable=None, leave=False):
            for figure in (*section.figures, *section.classes, *section.chosen):
                write_figure(files, section.file(figure), figure)
        for cost in self.costs:
            write_figure(files, cost.key, cost)
        write_whole(files / "aubc.csv", sheet(aubc_rows(self.results.conditions, self.styles)))


def report(folder: Path) -> Report:
    """The report on a folder of results, those of `openal simulate`.

    Raises:
        ArgumentError: a file of the results is damaged; the first one is named.
    """
    results = read_results(folder)
    styles = {name: Style(place) for place, name in enumerate(results.strategies)}
    images, features = sheets(results.conditions), read_features(folder)
    sections = tuple(
        Section(
            condition,
            number,
            [*run_figures(condition, styles)],
            [*class_fields(condition, styles)],
            _chosen(
                [*item_figures(condition, number, styles, images)],
                [*feature_maps(condition, styles, features)],
            ),
        )
        for number, condition in enumerate(results.conditions, 1)
    )
    costs = tuple(cost_figures(results.conditions, styles))
    return Report(results, styles, sections, costs, images.values())


def _chosen(of_items: list[Figure], of_features: list[Figure]) -> list[Figure]:
    """Maps of features beside those of embeddings, images below."""
    pictures = [figure for figure in of_items if isinstance(figure, Gallery)]
    return [*(figure for figure in of_items if figure not in pictures), *of_features, *pictures]


def write_report(folder: Path, out: Path) -> Path:
    """Write the page of a folder of results, and a PNG and a CSV of each figure beside it.

    Args:
        folder: the results of `openal simulate`.
        out: the file of the page.

    Returns:
        The folder of the figures' files: `report_files` beside `report.html`.

    Raises:
        ArgumentError: a file of the results is damaged; the first one is named.
    """
    page = report(folder)
    files = out.with_name(f"{out.stem}_files")
    page.write(files)
    write_whole(out, page.html(files.name).encode())
    return files
