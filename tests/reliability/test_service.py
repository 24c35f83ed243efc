"""Reliability in use, the same on SQLite and PostgreSQL: as known at any instant, closed, restated, drilled into."""

from datetime import datetime, timedelta

import pytest

from everlit.kernel import Period, utc
from everlit.ledger.columns import Interruptions
from everlit.ledger.correcting import Correction
from everlit.ledger.model import Cause, Nature
from everlit.platform.database import reading
from everlit.platform.events import Actor, history
from everlit.reliability import store
from everlit.reliability.calendar import UnableToUsePeriod, month_period
from everlit.reliability.closing import UnableToCloseMonth
from everlit.reliability.compared import UnableToCompare
from everlit.reliability.drill import UnableToDrill
from everlit.reliability.kept import Kept
from everlit.reliability.model import Base, Book, By, Customers, View
from tests.ledger.drawn import EDITOR, SHANGHAI, Hand, app_on, network, sheet
from tests.reliability.ledgers import Who, ledger

MAY = month_period("2026-05", SHANGHAI)
ROWS = (
    "S1,a,2026-05-03 08:00,2026-05-03 10:00,fault",
    "S1,b,2026-05-03 08:00,2026-05-03 11:30,fault",
    "S2,c,2026-05-20 09:00,2026-05-20 12:00,planned",
    "S3,home 1,2026-05-21 09:00,2026-05-21 09:02,fault",
    "S4,c,2026-04-30 23:59,2026-05-01 02:00,fault",
)


@pytest.fixture
def clock():
    return Hand()


@pytest.fixture
def app(database_url, tmp_path, clock):
    app = app_on(database_url, tmp_path, clock)
    app.ledger.import_file("drawn", sheet(*ROWS), actor=EDITOR)
    yield app
    app.engine.dispose()


def figure(sheet, key, *, base=Base.UNITS, book=Book.DLT, part="", view=View.ALL):
    counted = sheet.counted[base]
    number = [one.key for one in counted.parts].index(part)
    return counted.index(key, book, view=view, part=number)


def test_three_bases_and_two_books_from_one_ledger(app):
    made = app.reliability.indices("drawn", MAY)
    assert figure(made, "TH-1").value == pytest.approx(2 + 3.5 + 3), "a and b, and c; TA stays on"
    assert figure(made, "SAIFI-1").value == 3 / 4
    households = figure(made, "SAIDI-4", base=Base.HOUSEHOLDS)
    assert households.numerator == 3600 * (1 * 2 + 5 * 3.5 + 7 * 3) and households.denominator == 16
    assert figure(made, "MAIFI_E", base=Base.HOUSEHOLDS, book=Book.IEEE).value == 2 / 16
    assert figure(made, "ASIDI", base=Base.KVA, book=Book.IEEE).value == pytest.approx(
        60 * (100 * 2 + 200 * 3.5 + 300 * 3) / 1000
    )
    assert figure(made, "ENS", base=Base.POWER).value == pytest.approx(2 + 3.5 + 3 + 2 / 60), "1 kW each"
    assert made.as_json()["parts"][0]["bases"]["units"]["customers"] == 4.0


def test_a_breakdown_names_its_parts(app):
    made = app.reliability.indices("drawn", MAY, by=By.UNIT)
    assert {part.key: figure(made, "TH-1", part=part.key).value for part in made.parts} == {
        "east": 5.5,
        "west": 3.0,
        "-": 0.0,
    }
    assert figure(made, "SAIFI-1", part="east").denominator == 3


def test_a_report_can_be_rerun_as_it_was_known(app, clock):
    then, before = clock.now, app.reliability.indices("drawn", MAY)
    clock.later(days=1)
    longer = Correction("c", utc("2026-05-20T09:00+08:00"), utc("2026-05-20T13:00+08:00"))
    app.ledger.correct("drawn", "S2", reason="the log was late", actor=EDITOR, rows=[longer])
    assert figure(app.reliability.indices("drawn", MAY), "TH-1").value == pytest.approx(9.5)
    again = app.reliability.indices("drawn", MAY, known_at=then)
    assert [row["numerator"] for row in again.rows()] == [row["numerator"] for row in before.rows()]


def test_a_closed_month_stays_and_is_restated_with_a_reason(app, clock):
    first = app.reliability.close_month("drawn", "2026-05", actor=EDITOR)
    assert (first.version, app.reliability.month("drawn", "2026-05").changes) == (1, ())
    with pytest.raises(UnableToCloseMonth) as refusal:
        app.reliability.close_month("drawn", "2026-05", actor=EDITOR, reason="again")
    assert refusal.value.findings[0].kind == "month.unchanged"

    clock.later(days=1)
    app.ledger.withdraw("drawn", "S2", reason="it never happened", actor=EDITOR)
    standing = app.reliability.month("drawn", "2026-05")
    (hours,) = [one for one in standing.changes if one.named == ("units", "dlt", "all", "", "TH-S")]
    assert (hours.before["numerator"], hours.after["numerator"]) == (3 * 3600, 0)
    with pytest.raises(UnableToCloseMonth, match="needs a reason"):
        app.reliability.close_month("drawn", "2026-05", actor=EDITOR)
    second = app.reliability.close_month("drawn", "2026-05", actor=EDITOR, reason="S2 never happened")
    assert second.version == 2 and second.fingerprint != first.fingerprint
    kept = app.reliability.month("drawn", "2026-05").versions
    assert [one.figures for one in kept] == [first.figures, second.figures] and kept[0].fingerprint == first.fingerprint
    with reading(app.engine) as connection:
        told = history(connection, subject="month:drawn/2026-05")
    assert [event.kind for event in told] == ["reliability.month.closed", "reliability.month.restated"]
    assert told[1].body["reason"] == "S2 never happened" and told[1].body["changes"] > 0


@pytest.mark.parametrize(
    ("month", "actor", "kind"),
    [
        ("2026-06", EDITOR, "month.open"),
        ("2026-05", Actor("Zhao", "crew"), "month.role"),
    ],
)
def test_what_must_not_be_closed(app, month, actor, kind):
    with pytest.raises(UnableToCloseMonth) as refusal:
        app.reliability.close_month("drawn", month, actor=actor)
    assert [finding.kind for finding in refusal.value.findings] == [kind]
    assert app.reliability.closed("drawn") == []


def test_a_month_is_closed_on_nothing_of_the_future_and_with_printable_words(app, clock):
    with pytest.raises(UnableToCloseMonth) as refusal:
        app.reliability.close_month(
            "drawn", "2026-05", actor=EDITOR, known_at=clock.now + timedelta(days=1), reason="a\x00" + "x" * 400
        )
    assert [finding.kind for finding in refusal.value.findings] == ["month.known_at", "month.reason"]
    for wrong in ("2026-5", "2026-13", "may", "2026-05\n"):
        with pytest.raises(UnableToUsePeriod):
            app.reliability.close_month("drawn", wrong, actor=EDITOR)


def test_closing_happens_with_its_event_or_not_at_all(app, monkeypatch):
    def broken(*_args, **_named):
        raise OSError("disk full")

    monkeypatch.setattr("everlit.reliability.service.record", broken)
    with pytest.raises(OSError, match="disk full"):
        app.reliability.close_month("drawn", "2026-05", actor=EDITOR)
    with reading(app.engine) as connection:
        assert store.closed_months(connection, "drawn") == []


def storm_year(app):
    """Minutes to hours of one unit on many days of 2025, and two days without supply in 2026."""
    rows = []
    for number in range(120):
        off = datetime(2025, 1, 1, 8) + timedelta(days=3 * number)  # noqa: DTZ001 - as people write it
        rows.append(f"H{number},a,{off},{off + timedelta(minutes=4 * 2 ** (number % 8))},fault")
    app.ledger.import_file("drawn", sheet(*rows, "M1,b,2026-05-10 08:00,2026-05-12 08:00,fault"), actor=EDITOR)


def test_major_days_come_from_the_years_before_and_part_the_views(app):
    storm_year(app)
    limit, found, daily = app.reliability.days("drawn", 2026, book=Book.IEEE)
    assert (limit.days, limit.zero_days, str(limit.first)) == (105, 260, "2025-01-01"), "4 min are momentary"
    assert [str(one.day) for one in found] == ["2026-05-10"], "booked to the day it began"
    assert daily[found[0].day] == 48 * 60 / 4
    made = app.reliability.indices("drawn", MAY, bases=[Base.UNITS])
    every, without, only = (figure(made, "CMI", book=Book.IEEE, view=view).numerator for view in View)
    assert only == 48 * 3600 and every == without + only == 48 * 3600 + 30_600


@pytest.mark.parametrize("by", list(By))
def test_parts_add_up_on_major_event_days_and_without_them(app, by):
    storm_year(app)
    parts = {view: app.reliability.indices("drawn", MAY, by=by, view=view) for view in View}
    whole = app.reliability.indices("drawn", MAY)
    for view, parted in parts.items():
        (told,) = parted.views
        rows = [row for row in parted.rows() if (row["base"], row["book"], row["key"]) == ("units", "ieee", "CMI")]
        assert told is view and {row["view"] for row in rows} == {view.value}
        total = figure(whole, "CMI", book=Book.IEEE, view=view).numerator
        assert sum(row["numerator"] for row in rows) == total > 0


def test_an_index_leads_to_its_events_and_customers_whole_or_in_parts(app):
    index, made = app.reliability.drill("drawn", MAY, "TH-1", book=Book.DLT)
    assert index.numerator == made.total and [row["event"] for row in made.events()] == ["S1", "S2"]
    index, made = app.reliability.drill(
        "drawn", MAY, "SAIDI-F", book=Book.DLT, base=Base.HOUSEHOLDS, by=By.FEEDER, part="FA"
    )
    assert {row["subject"]: row["adds"] for row in made.customers()} == {"a": 7200, "b": 5 * 12_600, "home 1": 240}
    for by, part in (
        (By.NATURE, "planned.maintenance.internal"),
        (By.CAUSE, "unknown"),
        (By.MONTH, "2026-05"),
        (By.AREA, "2"),
    ):
        for key in ("TH-1", "CEMI_1", "CELID_S"):
            index, made = app.reliability.drill("drawn", MAY, key, book=Book.DLT, by=by, part=part)
            assert index.numerator == made.total > 0 or key == "CELID_S"
    for wrong in ({"key": "SAIDI"}, {"key": "TH-1", "by": By.FEEDER, "part": "FX"}):
        with pytest.raises(UnableToDrill):
            app.reliability.drill("drawn", MAY, book=Book.DLT, **wrong)


def test_customers_at_the_end_or_over_time(app, clock):
    half = Period(utc("2026-06-01T00:00+08:00"), utc("2026-07-01T00:00+08:00"))
    clock.now = utc("2026-06-16T00:00+08:00")
    app.import_network(network(gone=("c",)))
    clock.now = utc("2026-07-02T00:00+08:00")
    at_end, weighted = (app.reliability.indices("drawn", half, bases=[Base.UNITS], customers=one) for one in Customers)
    assert figure(at_end, "SAIFI-1").denominator == 3 and figure(weighted, "SAIFI-1").denominator == 3.5
    may = app.reliability.indices("drawn", MAY, bases=[Base.UNITS])
    assert figure(may, "SAIFI-1").denominator == 4 and figure(may, "TH-1").value == pytest.approx(8.5), (
        "c was there in May"
    )
    by_feeder = app.reliability.indices(
        "drawn", half, bases=[Base.UNITS], by=By.FEEDER, customers=Customers.TIME_WEIGHTED
    )
    assert figure(by_feeder, "SAIFI-1", part="FB").denominator == 0.5


def test_repeats_budget_and_management_read_the_same_ledger(app):
    rows = [
        f"R{number},b,2026-04-{number * 4 + 1:02d} 08:00,2026-04-{number * 4 + 1:02d} 09:00,fault"
        for number in range(6)
    ]
    app.ledger.import_file("drawn", sheet(*rows), actor=EDITOR)
    made = app.reliability.repeats("drawn").as_json()
    assert made["frequent_users"] == 5 and [row["subject"] for row in made["frequent"]] == ["b"]
    assert [(one["feeder_id"], one["frequent_users"]) for one in made["frequent_feeders"]] == [("FA", 5)]

    view = app.reliability.budget(
        "drawn", 2026, allotted_h={("east", "2026-05"): 2.0}, committed_h={("west", "2026-05"): 1.0}
    )
    lines = {(line.unit, line.month): line for line in view.lines}
    assert lines["west", "2026-05"].used_h == 3.0 and lines["west", "2026-05"].committed_h == 1.0
    assert lines["east", "2026-05"].fault_h == 5.5 and lines["east", "2026-05"].left_h == 2.0
    assert view.customers == 4 and view.target.planned_h == pytest.approx(1.2 * 0.6 * 4)

    told = {one.key: one for one in app.reliability.management("drawn", MAY, transferred_h=9.0)}
    assert told["transferred"].value == pytest.approx(0.75) and told["temporary"].denominator == 1


def test_what_arrived_between_two_instants_explains_every_figure_that_differs(app, clock):
    then = clock()
    clock.later(hours=1)
    app.ledger.correct("drawn", "S1", reason="read off the log", actor=EDITOR,
                       rows=[Correction("a", utc("2026-05-03T00:00Z"), utc("2026-05-03T01:00Z"))])  # fmt: skip
    middle = clock()
    clock.later(hours=1)
    app.ledger.withdraw("drawn", "S4", reason="it was April's", actor=EDITOR)
    found = app.reliability.compared("drawn", MAY, then)
    assert [(one.event_id, one.reason) for one in found.arrived] == [
        ("S1", "read off the log"),
        ("S4", "it was April's"),
    ]
    lost = {(one.named[0], one.named[2], one.named[4]): one for one in found.changes if one.named[1] == "dlt"}
    hours = lost["units", "all", "TH-1"]
    assert (hours.before["value"], hours.after["value"], hours.difference) == (8.5, 7.5, -1.0)
    assert found.figures == len(list(app.reliability.indices("drawn", MAY).rows()))
    assert app.reliability.compared("drawn", MAY, middle).changes == (), "S4 began in April: May has the same figures"
    assert [one.event_id for one in app.reliability.compared("drawn", MAY, middle).arrived] == ["S4"]
    back = app.reliability.compared("drawn", MAY, clock(), then)
    assert {one.named: one.difference for one in back.changes} == {
        one.named: None if one.difference is None else -one.difference for one in found.changes
    }
    with pytest.raises(UnableToCompare):
        app.reliability.compared("drawn", MAY, None)


def test_an_answer_kept_in_memory_is_asked_again_after_a_recording(app, clock):
    first = figure(app.reliability.indices("drawn", MAY), "TH-1").value
    assert figure(app.reliability.indices("drawn", MAY), "TH-1").value == first == 8.5
    clock.later(hours=1)
    app.ledger.withdraw("drawn", "S2", reason="it never happened", actor=EDITOR)
    assert figure(app.reliability.indices("drawn", MAY), "TH-1").value == 5.5
    assert figure(app.reliability.indices("drawn", MAY, known_at=clock() - timedelta(minutes=1)), "TH-1").value == 8.5


def test_answers_leave_memory_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr("everlit.reliability.kept.MOST_ROWS", 5)
    kept, made = Kept(), list[str]()

    def ask(name: str, rows: int) -> Interruptions:
        def read() -> Interruptions:
            made.append(name)
            times = [(0, 0, 10 * number, 10 * number + 5) for number in range(rows)]
            return ledger([Who()], [(Nature.FAULT_INTERNAL, Cause.UNKNOWN)], times)

        return kept.get(name, read)

    assert len(ask("a", 3)) == len(ask("a", 3)) == 3 and made == ["a"]
    for name, rows in (("b", 2), ("a", 3), ("c", 2), ("a", 3)):
        ask(name, rows)
    assert made == ["a", "b", "c"], "b was not asked for longest"
    for name, rows in (("b", 2), ("d", 9), ("a", 3)):
        ask(name, rows)
    assert made == ["a", "b", "c", "b", "d", "a"], "what is larger than all the room is not kept"
