"""Tells IPython how records and Labdeck's public objects look in a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labdeck import LabdeckError
from labdeck.wire import comparing, debugging, judging, messages, records, tensors, transfers
from labdeck_ui import cards, comparing_cards, debugging_cards, transfer_cards
from labdeck_ui.as_html import html_card
from labdeck_ui.as_text import text_card
from labdeck_ui.card import Card

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell
    from IPython.lib.pretty import RepresentationPrinter

    import labdeck

_CARDS: dict[type, Callable[[Any], Card]] = {
    records.TrialRecord: cards.trial_card,
    records.TrialDetail: cards.detail_card,
    records.TrialFacts: cards.facts_card,
    records.TrialPage: cards.trial_page_card,
    records.ExperimentRecord: cards.experiment_card,
    messages.ExperimentList: cards.experiment_list_card,
    messages.Comparison: cards.comparison_card,
    messages.Status: cards.status_card,
    transfers.Imported: transfer_cards.imported_card,
    transfers.Exported: transfer_cards.exported_card,
    comparing.Importance: comparing_cards.importance_card,
    comparing.Groups: comparing_cards.groups_card,
    comparing.FieldTable: comparing_cards.table_card,
    comparing.Difference: comparing_cards.difference_card,
    comparing.CodeDifference: comparing_cards.code_card,
    comparing.EnvironmentDifference: comparing_cards.environment_card,
    debugging.FindingPage: debugging_cards.finding_page_card,
    judging.RuleList: debugging_cards.rule_list_card,
    judging.WatchReport: debugging_cards.watch_report_card,
    judging.Judged: debugging_cards.judged_card,
    judging.ReportKept: debugging_cards.report_card,
    tensors.TensorList: debugging_cards.tensor_list_card,
    tensors.RecordedStep: debugging_cards.recorded_step_card,
}


def register(shell: InteractiveShell) -> None:
    """Give records, experiments and trials an HTML and a plain-text form in this shell; doing it twice changes nothing.

    Example:
        >>> from IPython.core.interactiveshell import InteractiveShell
        >>> register(InteractiveShell.instance())  # doctest: +SKIP
    """
    import labdeck

    makers: dict[type, Callable[[Any], Card]] = {**_CARDS, labdeck.Experiment: _experiment, labdeck.Trial: _trial}
    makers[labdeck.Found] = lambda found: cards.found_card(found.facts, found.total, found.hint)
    display = shell.display_formatter
    if display is None:
        return
    formatters = display.formatters
    for kind, make in makers.items():
        formatters["text/html"].for_type(kind, _html(make))
        formatters["text/plain"].for_type(kind, _plain(make))


def _html(make: Callable[[Any], Card]) -> Callable[[object], str]:
    return lambda value: html_card(_safely(make, value))


def _plain(make: Callable[[Any], Card]) -> Callable[[object, RepresentationPrinter, bool], None]:
    def show(value: object, printer: RepresentationPrinter, cycle: bool) -> None:
        # Inside a list a card would be out of place, and a list of trials would read the store once per trial.
        nested = cycle or len(printer.stack) > 1
        printer.text(repr(value) if nested else text_card(_safely(make, value)))  # type: ignore[no-untyped-call]

    return show


def _safely(make: Callable[[Any], Card], value: object) -> Card:
    """Return a card, one line in place of it when the store does not answer: showing a value never raises."""
    try:
        return make(value)
    except LabdeckError as error:
        return Card(kind=type(value).__name__.lower(), title="cannot be shown", warning=str(error))


def _experiment(experiment: labdeck.Experiment) -> Card:
    record = experiment.record()
    return cards.experiment_card(record, experiment.session.catalog.trials(record.id, limit=cards.ROWS))


def _trial(trial: labdeck.Trial) -> Card:
    return cards.detail_card(trial.detail())
