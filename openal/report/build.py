"""From a folder of results to a page and its files."""

from collections.abc import Iterable, Sequence
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
from openal.report._paper import Paper, card, latex_table, write_vectors
from openal.report._results import Results, read_results
from openal.report._run_figures import run_figures
from openal.report._svg import sheet
from openal.report._tables import aubc_rows
from openal.simulate._styles import styles_of

__all__ = ["Report", "report", "write_report"]

PLAIN = Paper()


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

    def write(self, files: Path, paper: Paper = PLAIN) -> None:
        """The figures' files and the areas; for a paper what it takes, and the card of the runs."""
        for section in tqdm(self.sections, unit="condition", disable=None, leave=False):
            for figure in (*section.figures, *section.classes, *section.chosen):
                self._write(files, section.file(figure), figure, paper)
            if paper.latex:
                table = latex_table(section.condition, self.styles)
                write_whole(files / f"condition{section.number}.tex", table.encode())
        for cost in self.costs:
            self._write(files, cost.key, cost, paper)
        if paper != PLAIN:
            write_whole(files / "card.json", card(self.results).encode())
        write_whole(files / "aubc.csv", sheet(aubc_rows(self.results.conditions, self.styles)))

    @staticmethod
    def _write(files: Path, name: str, figure: Figure, paper: Paper) -> None:
        write_figure(files, name, figure)
        write_vectors(files, name, figure, paper)


def report(folder: Path) -> Report:
    """The report on a folder of results, those of `openal simulate`.

    Raises:
        ArgumentError: a file of the results is damaged; the first one is named.
    """
    results = read_results(folder)
    styles = styles_of(results.strategies)
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


def write_report(
    folder: Path,
    out: Path,
    *,
    latex: bool = False,
    formats: Sequence[str] = (),
    width: float = 7.0,
) -> Path:
    """Write the page of a folder of results, and a PNG and a CSV of each figure beside it.

    For a paper there is more, and `card.json`, which says what repeats the runs: command, versions,
    hardware, settings, seeds.

    Args:
        folder: the results of `openal simulate`.
        out: the file of the page.
        latex: whether a table of each condition is written for LaTeX, with booktabs.
        formats: "svg", "pdf" or both: each figure in these too.
        width: of these figures, 1 to 50 inches.

    Returns:
        The folder of the figures' files: `report_files` beside `report.html`.

    Raises:
        ArgumentError: a file of the results is damaged, and the first one is named; a format that
            is neither, or a width that cannot be.
    """
    paper, page = Paper(latex, tuple(formats), width), report(folder)
    files = out.with_name(f"{out.stem}_files")
    page.write(files, paper)
    write_whole(out, page.html(files.name).encode())
    return files
