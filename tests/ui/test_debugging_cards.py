"""The cards of rules, findings and watched trainings."""

from __future__ import annotations

import msgspec
import pytest

from labdeck.wire.debugging import ActionRecord, DebuggerDetail, FindingPage, FindingRecord, RuleRecord, WatchRecord
from labdeck.wire.judging import Judged, ReportKept, RuleKind, RuleList, WatchReport
from labdeck.wire.records import ArtifactRecord, TrialRecord
from labdeck_ui import debugging_cards as cards
from labdeck_ui.as_html import html_card
from labdeck_ui.as_text import text_card
from labdeck_ui.formatters import _CARDS

EVIL = "<script>alert(1)</script>"

TRIAL = msgspec.convert(
    {
        "id": "1" * 32,
        "number": 1,
        "name": EVIL,
        "experiment_id": "2" * 32,
        "experiment": "digits",
        "state": "running",
        "started": 1.0,
        "ended": None,
        "points": 0,
        "objective": None,
        "goal": "max",
    },
    TrialRecord,
)
FOUND = FindingRecord(
    id="3" * 32,
    trial_id=TRIAL.id,
    rule=EVIL,
    severity="error",
    mode="EVAL",
    step=1200,
    last_step=1500,
    time=1.0,
    last_time=2.0,
    count=301,
    tensor=f"gradient/{EVIL}",
    value="NaN",
    threshold=0.5,
    message=f"{EVIL} is not finite",
    remedy=EVIL,
    origin="train.py:42 in forward",
    actions=(
        ActionRecord(name="StopTraining", time=2.0, done=True),
        ActionRecord(name="Webhook", time=2.0, done=False, message=EVIL),
    ),
)
RULE = RuleRecord(
    name=EVIL, rule="Above", state="failed", error=EVIL, missing=EVIL, findings=3, evaluations=7, cost=0.0123
)
WATCH = WatchRecord(
    name=EVIL,
    framework="torch",
    steps=1234,
    step_time=10.0,
    cost=0.25,
    interval=4,
    dropped=2,
    warnings=(EVIL,),
)
DETAIL = DebuggerDetail(trial=TRIAL, watches=(WATCH,), rules=(RULE,))
FILE = ArtifactRecord(id="4" * 32, name=EVIL, sha256="ab" * 32, size=2048, media_type="text/html", created=1.0)
RECORDS = [
    RuleList(rules=(RuleKind(name=EVIL, description=EVIL, remedy=EVIL, params={EVIL: EVIL}, needs=(EVIL,)),)),
    RuleList(rules=tuple(RuleKind(name=f"{EVIL}{n}", description=EVIL, chosen=n == 1) for n in range(30))),
    WatchReport(detail=DETAIL, findings=(FOUND,), total=1, note=EVIL),
    Judged(trial=TRIAL, steps=7, findings=(FOUND,), rules=(RULE,)),
    ReportKept(trial=TRIAL, kind="training", page=FILE, notebook=FILE),
    FindingPage(seq=1, findings=(FOUND,), total=1, open=1, trials=(TRIAL,)),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_names_and_messages_are_text_never_markup(record: object) -> None:
    card = _CARDS[type(record)](record)
    assert "<script" not in html_card(card)
    assert "script" in text_card(card)


def test_a_finding_says_where_how_long_why_and_what_was_done() -> None:
    text = text_card(cards.finding_page_card(RECORDS[-1]))  # type: ignore[arg-type]
    for part in ("EVAL 1,200–1,500", "train.py:42 in forward", "StopTraining, Webhook failed", "✗"):
        assert part in text


def test_a_report_says_what_watching_costs_and_what_is_missing() -> None:
    text = text_card(cards.watch_report_card(RECORDS[2]))  # type: ignore[arg-type]
    for part in ("watching, 1,234 training steps, 2.5 % of a step, every 4 steps, 2 not kept", "failed", "0.012 ms"):
        assert part in text


def test_a_watch_that_is_over_has_ended() -> None:
    report = RECORDS[2]
    assert isinstance(report, WatchReport)
    over = tuple(msgspec.structs.replace(watch, state="off") for watch in report.detail.watches)
    text = text_card(
        cards.watch_report_card(
            msgspec.structs.replace(report, detail=msgspec.structs.replace(report.detail, watches=over))
        )
    )
    assert "ended, 1,234 training steps" in text
    assert "off," not in text


def test_a_list_to_choose_from_shows_all_and_what_is_chosen() -> None:
    text = text_card(cards.rule_list_card(RECORDS[1]))  # type: ignore[arg-type]
    assert text.count("script") >= 60
    assert text.count("•") == 2


def test_nothing_found_is_one_line() -> None:
    page = FindingPage(seq=0, findings=(), total=0, open=0, trials=())
    assert text_card(cards.finding_page_card(page)) == "no findings"
