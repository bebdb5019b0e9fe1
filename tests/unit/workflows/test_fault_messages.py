"""Whom to tell what, and when: a fault once, its end once, a week's changes once, and again only what was not delivered."""

from datetime import UTC, datetime, timedelta

import pytest

from budmodel_pipeline.settings import SettingsError, read_settings
from budmodel_pipeline.workflows.fault_messages import (
    Fault,
    Told,
    after_delivery,
    after_failure,
    is_quiet,
    message,
    read_told,
    week_is_over,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
UGI, MARTS = Fault("source ugi", "leaderboard ugi fails: 404"), Fault("stale the marts", "the marts: made long ago")


@pytest.mark.parametrize(
    ("known", "faults", "changes", "said"),
    [
        ([], [], None, None),
        ([], [UGI], None, "BudModel Pipeline: this is wrong:\n• leaderboard ugi fails: 404"),
        ([UGI], [UGI], None, None),
        # The same fault in other words is the same fault.
        ([UGI], [Fault("source ugi", "leaderboard ugi fails: 500")], None, None),
        ([UGI], [UGI, MARTS], None, "BudModel Pipeline: this is wrong:\n• the marts: made long ago"),
        ([UGI], [], None, "Well again:\n• leaderboard ugi fails: 404"),
        ([UGI], [UGI], ["ugi: 3 scores added"], "The week's changes:\n• ugi: 3 scores added"),
        ([UGI], [UGI], [], "The week's changes:\n• No leaderboard published anything new."),
    ],
)
def test_what_is_said(known: list[Fault], faults: list[Fault], changes: list[str] | None, said: str | None) -> None:
    told = after_delivery(Told(), known, NOW, with_week=False)
    assert message(told, faults, changes) == said
    assert message(after_delivery(told, faults, NOW, with_week=True), faults, None) is None


def test_many_faults_are_one_message_that_ends() -> None:
    said = message(Told(), [Fault(str(number), "x" * 1_000) for number in range(50)], None)
    assert said is not None
    assert said.splitlines()[-1] == "• and 30 more"
    assert len(said) < 8_000


def test_a_week_begins_with_the_first_look() -> None:
    told = after_delivery(Told(), [], NOW, with_week=False)
    assert not week_is_over(Told(), NOW)
    assert [week_is_over(told, NOW + timedelta(days=days)) for days in (6, 7, 8)] == [False, True, True]
    # The clock went back by a year.
    assert week_is_over(told, NOW - timedelta(days=365))
    assert not week_is_over(after_delivery(told, [], NOW + timedelta(days=7), with_week=True), NOW + timedelta(days=8))


def test_what_was_not_delivered_waits_longer_each_time_and_is_still_to_be_told() -> None:
    told, waits = Told(), []
    for _ in range(8):
        told = after_failure(told, NOW, None)
        assert told.not_before is not None
        waits.append(told.not_before - NOW)
    assert waits[:3] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert waits[-1] == timedelta(hours=1)
    assert message(told, [UGI], None)
    asked = after_failure(Told(), NOW, 600.0)
    assert asked.not_before == NOW + timedelta(minutes=10)
    assert after_failure(Told(), NOW, 10.0**9).not_before == NOW + timedelta(hours=1)
    later = [timedelta(minutes=9), timedelta(minutes=10), -timedelta(minutes=51), -timedelta(days=365)]
    assert [is_quiet(asked, NOW + by) for by in later] == [True, False, False, False]
    assert not is_quiet(Told(), NOW)


def test_what_was_told_outlasts_a_restart() -> None:
    told = after_failure(after_delivery(Told(), [UGI], NOW, with_week=True), NOW, None)
    assert read_told(told.written()) == told
    assert read_told(None) == Told()


def test_an_address_that_is_none_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUDMODEL_ALERT_WEBHOOK", "hooks.example/T0KEN")
    with pytest.raises(SettingsError, match="BUDMODEL_ALERT_WEBHOOK: should be a URL") as refused:
        read_settings()
    assert "T0KEN" not in str(refused.value)
