"""The ledger in use, the same on SQLite and PostgreSQL: append-only, idempotent, as known at any time, nothing half."""

from datetime import datetime, timedelta
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select, update

from everlit.kernel import Period, utc
from everlit.ledger import store
from everlit.ledger.correcting import Correction
from everlit.ledger.model import Cause, Nature, SubjectKind
from everlit.ledger.outcome import UnableToFindSubject, UnableToRecord
from everlit.ledger.replay import Operation
from everlit.ledger.segments import segments
from everlit.platform.database import reading, writing
from everlit.platform.events import Actor, history
from tests.ledger.drawn import EDITOR, NOON, Hand, app_on, network, sheet

GOLDEN = Path(__file__).resolve().parents[1] / "cases" / "ledger" / "golden" / "interruptions.csv"
JUNE = Period(utc("2026-06-01T00:00+08:00"), utc("2026-07-01T00:00+08:00"))
MAY = Period(utc("2026-05-01T00:00+08:00"), JUNE.start)
ALL = Period(utc("2020-01-01T00:00Z"), utc("2030-01-01T00:00Z"))
STORM = ("S1,a,2026-05-03 08:00,2026-05-03 10:00,fault", "S1,b,2026-05-03 08:00,2026-05-03 11:30,fault")


@pytest.fixture
def clock():
    return Hand()


@pytest.fixture
def app(database_url, tmp_path, clock):
    app = app_on(database_url, tmp_path, clock)
    yield app
    app.engine.dispose()


def local(text):
    return utc(f"{text}+08:00")


def told(app, period=ALL, **asked):
    """(subject, off, on, event) of the settled rows, times as minutes of the clock in China."""
    rows = app.ledger.interruptions("drawn", period, **asked)
    who, events = rows.subjects.ids.to_pylist(), rows.events.ids.to_pylist()
    columns = (rows.subject, rows.start_s, rows.end_s, rows.event)
    return [
        (who[subject], moment(start), moment(end), events[event])
        for subject, start, end, event in zip(*(column.tolist() for column in columns), strict=True)
    ]


def moment(seconds):
    return f"{datetime.fromtimestamp(seconds, tz=JUNE.start.tzinfo) + timedelta(hours=8):%m-%d %H:%M:%S}".removesuffix(
        ":00"
    )


def counts(app):
    with reading(app.engine) as connection:
        return {table.name: connection.execute(select(func.count()).select_from(table)).scalar() for table in TABLES}


TABLES = (store.ledger_batches, store.ledger_statements, store.ledger_intervals, store.ledger_pieces)


def bring(app, *rows, **words):
    return app.ledger.import_file("drawn", sheet(*rows), actor=EDITOR, name="storm.csv", **words)


def test_what_was_imported_is_told(app):
    done = bring(app, *STORM)
    assert (done.rows, done.refused, done.recording.statements, done.recording.rows) == (2, 0, 1, 4)
    assert told(app) == [("a", "05-03 08:00", "05-03 10:00", "S1"), ("b", "05-03 08:00", "05-03 11:30", "S1")]
    assert told(app, kind=SubjectKind.MV_UNIT) == told(app)
    assert told(app, JUNE) == []
    parts = app.ledger.segments("drawn", MAY)
    assert (parts.customers.tolist(), parts.households.tolist(), parts.units.tolist()) == ([1, 1], [1, 5], [1, 1])
    with reading(app.engine) as connection:
        last = history(connection, newest=True)[0]
    assert (last.kind, last.subject, last.actor) == ("ledger.import", "interruption:S1", EDITOR)
    assert (last.body["file"], last.body["rows"], last.body["network"]) == ("storm.csv", 4, "drawn")


def test_the_same_again_changes_nothing(app):
    bring(app, *STORM)
    before = counts(app)
    with reading(app.engine) as connection:
        events = len(history(connection))
    again = bring(app, *reversed(STORM))
    assert (again.recording.batch, again.recording.statements, again.recording.unchanged) == (0, 0, 1)
    assert counts(app) == before
    with reading(app.engine) as connection:
        assert len(history(connection)) == events


def test_other_words_under_the_same_reference_are_refused_or_a_revision_with_a_reason(app):
    bring(app, *STORM)
    shorter = STORM[0].replace("10:00", "09:00")
    with pytest.raises(UnableToRecord) as refused:
        bring(app, shorter)
    assert "ledger.conflict" in {finding.kind for finding in refused.value.findings}
    mixed = bring(app, shorter, "S2,c,2026-05-04 08:00,2026-05-04 09:00,planned")
    assert (mixed.refused, mixed.recording.statements) == (1, 1)
    revised = bring(app, shorter, revise="meter data came in")
    assert (revised.recording.statements, revised.recording.revised) == (1, 1)
    assert [row for row in told(app) if row[3] == "S1"] == [("a", "05-03 08:00", "05-03 09:00", "S1")]
    assert bring(app, *STORM).recording.unchanged == 1, "the first file again is no news"
    said = app.ledger.statements("drawn", "S1")
    assert [(one.revision, one.whole, one.reason) for one in said] == [(1, False, ""), (2, True, "meter data came in")]


def test_any_report_can_be_rerun_as_known_then(app, clock):
    bring(app, *STORM)
    first = clock.now
    then = told(app, MAY)
    clock.later(days=1)
    app.ledger.correct(
        "drawn",
        "S1",
        rows=[Correction("b", local("2026-05-03 08:00"), local("2026-05-03 09:00"))],
        reason="crew log",
        actor=EDITOR,
    )
    second = clock.now
    clock.later(days=1)
    app.ledger.withdraw("drawn", "S1", reason="it was a test", actor=EDITOR)
    assert told(app, MAY, known_at=first) == then
    assert told(app, MAY, known_at=second) == [then[0], ("b", "05-03 08:00", "05-03 09:00", "S1")]
    assert told(app, MAY) == []
    assert told(app, MAY, known_at=first - timedelta(seconds=1)) == []
    changed = app.ledger.difference("drawn", MAY, first, second)
    assert (changed.customer_s, changed.events, len(changed.gone), len(changed.come)) == (-9000, ["S1"], 1, 1)
    assert app.ledger.difference("drawn", MAY, second, second).nothing
    assert app.ledger.difference("drawn", MAY, second).customer_s == -(2 + 1) * 3600


def test_a_clock_set_back_does_not_change_what_was_known(app, clock):
    bring(app, *STORM)
    known = clock.now
    before = told(app, known_at=known - timedelta(hours=1))
    clock.now -= timedelta(hours=2)
    bring(app, "S9,c,2026-05-04 08:00,2026-05-04 09:00,planned")
    assert told(app, known_at=known - timedelta(hours=1)) == before == []
    assert len(told(app, known_at=known)) == 3


def test_who_arrives_first_does_not_matter(database_url, tmp_path):
    """The same statements in every order, over several recordings, settle to the same rows."""
    files = [
        ("P,FA,2026-05-03 08:00,2026-05-03 16:00,planned",),
        ("F,b,2026-05-03 15:00,2026-05-03 18:00,fault", "F,c,2026-05-03 15:00,2026-05-03 15:20,fault"),
        ("P,b,2026-05-03 09:00,2026-05-03 10:00,temporary,2",),
        ("P,a,2026-05-03 08:30,2026-05-03 16:00,外部故障,1",),
    ]
    headers = ["event_id,subject,off,on,nature", "event_id,subject,off,on,nature"]
    headers += ["event_id,subject,off,on,nature,revision", "event_id,subject,off,on,nature,revision"]
    answers = []
    for number, order in enumerate(
        permutations(range(4)) if "sqlite" in database_url else [(3, 1, 0, 2), (0, 1, 2, 3)]
    ):
        url = f"sqlite:///{tmp_path / str(number)}.db" if "sqlite" in database_url else database_url
        app = app_on(url, tmp_path, Hand(), of=network(name=f"drawn{number}"))
        for place in order:
            said_by = "scada" if place == 3 else "import"
            content = sheet(*files[place], header=headers[place])
            app.ledger.import_file(f"drawn{number}", content, actor=EDITOR, name="f.csv", said_by=said_by)
        rows = app.ledger.interruptions(f"drawn{number}", ALL)
        columns = (rows.subject, rows.start_s, rows.end_s, rows.event)
        natures = [tuple(Nature)[code] for code in rows.events.nature.tolist()]
        answers.append(([column.tolist() for column in columns], rows.events.ids.to_pylist(), natures))
        app.engine.dispose()
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][2] == [Nature.FAULT_INTERNAL, Nature.TEMPORARY_MAINTENANCE_INTERNAL]


def test_what_began_before_a_period_decides_who_owns_its_first_instant(app):
    """A fault of 31 May reaches into June; a planned outage that began inside it adds only what is left."""
    bring(app, "F,b,2026-05-31 20:00,2026-05-31 23:30,fault", "G,b,2026-05-31 23:00,2026-06-01 00:30,fault")
    bring(app, "P,b,2026-05-31 23:50,2026-06-01 02:00,planned", "Z,c,2026-05-31 10:00,2026-05-31 23:00,planned")
    everything = [row for row in told(app) if row[0] == "b"]
    assert everything == [
        ("b", "05-31 20:00", "05-31 23:30", "F"),
        ("b", "05-31 23:30", "06-01 00:30", "G"),
        ("b", "06-01 00:30", "06-01 02:00", "P"),
    ]
    assert told(app, JUNE) == everything[1:]
    rows = app.ledger.interruptions("drawn", JUNE)
    assert rows.during(JUNE).seconds.tolist() == [1800, 5400]
    assert rows.begun_in(JUNE).seconds.tolist() == [5400]


def test_a_correction_may_name_others_deny_and_change_the_nature(app):
    bring(app, *STORM)
    rows = [Correction("TA", local("2026-05-03 08:00"), local("2026-05-03 08:20")), Correction("meter a")]
    done = app.ledger.correct(
        "drawn",
        "S1",
        rows=rows,
        nature=Nature.FAULT_EXTERNAL,
        cause=Cause.UPSTREAM_GRID,
        reason="map was wrong",
        actor=EDITOR,
    )
    assert done.statements == 1
    assert {(row[0], row[2]) for row in told(app)} == {
        ("b", "05-03 11:30"), ("home 1", "05-03 08:20"), ("home 2", "05-03 08:20")
    }  # fmt: skip
    assert {row[0] for row in told(app, kind=SubjectKind.MV_UNIT)} == {"b", "TA"}
    (event,) = app.ledger.events("drawn", MAY)
    assert (event.nature, event.cause, event.segments) == (Nature.FAULT_EXTERNAL, Cause.UPSTREAM_GRID, 2)
    assert (event.usage_points, event.households, event.units, event.kva) == (3, 8, 2, 600.0)
    assert (event.household_hours, event.unit_hours) == pytest.approx((5 * 3.5 + 3 / 3, 3.5 + 1 / 3))
    app.ledger.correct("drawn", "S1", rows=[Correction("c", *MAY_MORNING)], only=True, reason="again", actor=EDITOR)
    assert [row[0] for row in told(app)] == ["c"]


MAY_MORNING = (local("2026-05-03 08:00"), local("2026-05-03 09:00"))


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ({"rows": [Correction("nobody", *MAY_MORNING)]}, "subject.unknown"),
        ({"rows": [Correction("T", *MAY_MORNING)]}, "ledger.subject.nobody"),
        ({"rows": [Correction("a", *reversed(MAY_MORNING))]}, "ledger.order"),
        ({"rows": [Correction("a", MAY_MORNING[0])]}, "ledger.order"),
        ({"rows": [Correction("a", MAY_MORNING[0], NOON + timedelta(days=9))]}, "ledger.future"),
        ({}, "ledger.correction.empty"),
        ({"nature": Nature.FAULT_EXTERNAL, "reason": " "}, "ledger.reason"),
        ({"nature": Nature.FAULT_EXTERNAL, "actor": Actor("Wu", "marketing")}, "ledger.role"),
        ({"nature": Nature.FAULT_EXTERNAL, "event_id": "S7"}, "event.unknown"),
    ],
)
def test_a_correction_that_cannot_stand_is_refused_whole(app, words, kind):
    bring(app, *STORM)
    before = counts(app)
    with pytest.raises(UnableToRecord) as refused:
        app.ledger.correct("drawn", **{"event_id": "S1", "reason": "why", "actor": EDITOR, **words})
    assert [finding.kind for finding in refused.value.findings] == [kind]
    assert counts(app) == before


def test_the_story_of_a_meter(app, clock):
    bring(app, *STORM)
    bring(app, "S2,b,2026-05-03 09:00,2026-05-03 12:00,planned")
    clock.later(hours=1)
    app.ledger.correct("drawn", "S1", rows=[Correction("b", *MAY_MORNING)], reason="crew log", actor=EDITOR)
    story = app.ledger.timeline("drawn", "meter b")
    assert (story.subject_id, story.kind) == ("b", SubjectKind.USAGE_POINT)
    assert [(spell.event_id, spell.nature, (spell.end - spell.start).seconds) for spell in story.spells] == [
        ("S1", Nature.FAULT_INTERNAL, 3600),
        ("S2", Nature.PLANNED_MAINTENANCE_INTERNAL, 10800),
    ]
    assert [(one.statement.event_id, one.statement.revision, one.stands) for one in story.said] == [
        ("S1", 1, False), ("S2", 1, True), ("S1", 2, True)
    ]  # fmt: skip
    assert story.said[2].statement.reason == "crew log"
    earlier = app.ledger.timeline("drawn", "b", known_at=NOON)
    assert [(spell.event_id, (spell.end - spell.start).seconds) for spell in earlier.spells] == [
        ("S1", 12600),
        ("S2", 1800),
    ]
    assert app.ledger.timeline("drawn", "TA").spells == ()
    assert app.ledger.timeline("drawn", "b", kind=SubjectKind.MV_UNIT).kind is SubjectKind.MV_UNIT
    with pytest.raises(UnableToFindSubject):
        app.ledger.timeline("drawn", "nobody")


def test_switching_steps_become_seconds(app):
    grid = app.grid("drawn")
    moves = [("A1", False, 0), ("T", True, 12), ("T", False, 7200), ("A1", True, 7207)]
    steps = [Operation(switch, closed, NOON - timedelta(hours=9) + timedelta(seconds=s)) for switch, closed, s in moves]
    words = {
        "event_id": "W1",
        "nature": Nature.PLANNED_SWITCHING_OVER,
        "before": grid.switch_normal_closed,
        "actor": EDITOR,
    }
    done = app.ledger.record_steps("drawn", steps, **words)
    assert (done.statements, done.rows) == (1, 4)
    assert told(app) == [("b", "06-01 03:00", "06-01 03:00:12", "W1"), ("b", "06-01 05:00", "06-01 05:00:07", "W1")]
    assert app.ledger.record_steps("drawn", steps, **words).unchanged == 1
    with pytest.raises(UnableToRecord) as refused:
        app.ledger.record_steps("drawn", steps[:2], **words)
    assert [finding.kind for finding in refused.value.findings] == ["ledger.conflict"]
    assert app.ledger.record_steps("drawn", steps[:2], **words, revise="they stayed over there").revised == 1
    assert len(told(app)) == 1


def test_the_golden_example_to_every_digit(database_url, tmp_path):
    app = app_on(database_url, tmp_path, Hand(), of=ten_customers())
    done = app.ledger.import_file("ten", GOLDEN, actor=EDITOR)
    assert done.clean and [finding.kind for finding in done.findings()] == []
    year = Period(utc("2025-01-01T00:00+08:00"), utc("2026-01-01T00:00+08:00"))
    rows = app.ledger.interruptions("ten", year, kind=SubjectKind.MV_UNIT)
    parts = segments(rows)
    hours = parts.units * (parts.end_s - parts.start_s) / 3600
    leaves = np.array([tuple(Nature)[code] for code in rows.events.nature])[parts.event]

    def sum_of(chosen):
        return round(float(hours[[chosen(Nature(leaf)) for leaf in leaves]].sum()), 5)

    assert sum_of(lambda leaf: True) == 53.46667
    assert sum_of(lambda leaf: leaf.fault) == 21.46667
    assert sum_of(lambda leaf: leaf.prearranged) == 32.0
    assert sum_of(lambda leaf: not leaf.external) == 48.46667
    assert sum_of(lambda leaf: not leaf.source_shortage) == 47.46667
    assert parts.customer_s("units") == rows.seconds.sum() == 53.46666666666667 * 3600
    subjects, starts = app.ledger.starts("ten", 2025, kind=SubjectKind.MV_UNIT)
    assert (len(starts.subject), len(rows), len(subjects)) == (41, 51, 10)
    assert starts.prearranged.sum() == 9
    assert [(one.event_id, one.segments, one.units) for one in app.ledger.events("ten", year)][:3] == [
        ("E1", 3, 10), ("E2", 2, 10), ("E3", 1, 4)
    ]  # fmt: skip
    app.engine.dispose()


def ten_customers():
    made = network(name="ten")
    loads = [
        {**made.tables["consumers"].slice(0, 1).to_pylist()[0], "consumer_id": f"c{number}"} for number in range(1, 11)
    ]
    tables = {**made.tables, "usage_points": made.tables["usage_points"].slice(0, 0)}
    tables["consumers"] = type(made.tables["consumers"]).from_pylist(loads, made.tables["consumers"].schema)
    tables["transformers"] = made.tables["transformers"].slice(0, 0)
    return type(made)("ten", made.title, tables, "ten-customers")


def test_whoever_left_the_network_still_counts_where_he_was(app, clock):
    bring(app, *STORM)
    reported, known = told(app), clock.now
    subjects = app.ledger.interruptions("drawn", ALL, known_at=known).subjects
    clock.later(days=1)
    app.import_network(network(gone=("b",)))
    now = app.ledger.interruptions("drawn", ALL)
    assert told(app) == reported
    assert now.subjects.ids.to_pylist()[-1] == "b" and now.subjects.households[-1] == 5
    names = [now.subjects.feeder_ids[code].as_py() for code in now.subjects.feeder.tolist()]
    assert dict(zip(now.subjects.ids.to_pylist(), names, strict=True))["b"] == "FA"
    then = app.ledger.interruptions("drawn", ALL, known_at=known).subjects
    assert then.ids.equals(subjects.ids) and then.households.tolist() == subjects.households.tolist()
    assert app.ledger.timeline("drawn", "b").spells[0].event_id == "S1"


def test_a_piece_that_is_not_what_was_packed_is_not_used(app):
    bring(app, *STORM)
    before = told(app)
    with writing(app.engine) as connection:
        connection.execute(update(store.ledger_pieces).values(content=b"noise"))
    assert told(app) == before


def test_nothing_is_half_recorded(app, monkeypatch):
    """Every call that writes fails once: then the ledger holds nothing of it, and the same again is recorded whole."""
    empty = counts(app)
    for name in ("register", "append_statements", "close_batch"):
        with monkeypatch.context() as patch:
            patch.setattr(store, name, lambda *_, **__: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                bring(app, *STORM)
        assert counts(app) == empty
    assert bring(app, *STORM).recording.rows == 4
    assert len(told(app)) == 2


def test_who_may_write(app):
    with pytest.raises(UnableToRecord) as refused:
        app.ledger.import_file("drawn", sheet(*STORM), actor=Actor("Wu", "crew"))
    assert [finding.kind for finding in refused.value.findings] == ["ledger.role"]
