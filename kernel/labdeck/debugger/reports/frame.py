"""What a report is: a title, and sections of texts, tables and figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labdeck.debugger.reports.notebook import show, to_notebook
from labdeck.debugger.reports.page import to_html
from labdeck.debugger.reports.parts import Part
from labdeck.errors import NotFound

if TYPE_CHECKING:
    from nbformat import NotebookNode


@dataclass(frozen=True)
class Section:
    """A part of a report with a heading; a cell that ends with it shows it.

    Attributes:
        key: A short word by which it is asked for, unique within the report.
        title: Its heading.
        parts: What it holds, in order.
    """

    key: str
    title: str
    parts: tuple[Part, ...]

    def _ipython_display_(self) -> None:
        show(self.parts)


@dataclass(frozen=True)
class Report:
    """A report about one trial, made of what is stored.

    Attributes:
        kind: "training", "profiler" or "xgboost".
        title: Its heading.
        trial_id: The trial.
        sections: What it holds, in order.

    Example:
        >>> from labdeck.debugger.reports.parts import Text
        >>> report = Report("training", "Training of cnn", "0" * 32, (Section("loss", "Loss", (Text("It fell."),)),))
        >>> report["loss"].parts[0].text, "<!doctype html>" in report.html()
        ('It fell.', True)
    """

    kind: str
    title: str
    trial_id: str
    sections: tuple[Section, ...]

    @property
    def name(self) -> str:
        """What its files are called, without a suffix: "training-report"."""
        return f"{self.kind}-report"

    def __getitem__(self, key: str) -> Section:
        """Return a section by its key; NotFound."""
        for section in self.sections:
            if section.key == key:
                return section
        raise NotFound(
            f"the report has no section {key!r}", f"it has {', '.join(each.key for each in self.sections) or 'none'}"
        )

    def html(self) -> str:
        """Return it as one HTML page that needs nothing else: styles, figures and what draws them are inside."""
        return to_html(self)

    def notebook(self) -> NotebookNode:
        """Return it as a notebook (nbformat 4) whose cells read the trial and draw the same."""
        return to_notebook(self)
