"""Customer files as utilities send them: usable rows kept, every fault with its row, and contact data behind a reason."""

import pytest

from everlit.app import App
from everlit.customers.reading import UnableToReadCustomers
from everlit.customers.service import UnableToReadContact
from everlit.platform.database import reading
from everlit.platform.events import Actor, history
from tests.ledger.drawn import network

SUN, CHEN = Actor("Sun", "marketing"), Actor("Chen", "crew")
HEAD = "户号,负荷,户名,地址,重要等级,生命支持,联系方式,同意,免打扰,户变可信度,其他可能\n"


@pytest.fixture
def app(database_url, tmp_path) -> App:
    app = App.open(tmp_path, url=database_url)
    app.import_network(network())
    return app


@pytest.fixture
def loads(app):
    return app.grid("drawn").network.tables["consumers"].column("consumer_id").to_pylist()


def good(loads):
    rows = (
        f"A1,{loads[0]},林某,虚构路 1 号,ordinary,yes,sms:+99900000001; email:lin@example.invalid,email,22:00-07:00,,",
        f"A2,{loads[1]},王某,,first,,,,,0.7,{loads[2]}:0.2",
    )
    return (HEAD + "\n".join(rows)).encode()


def kinds(caught):
    return [finding.kind for finding in caught.value.findings]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_accounts_come_in_with_everything_said_of_them(app, loads, encoding):
    kept = app.customers.import_files("drawn", accounts=good(loads).decode().encode(encoding), actor=SUN)
    assert (kept.accounts, kept.checked, kept.findings) == (2, 2, ())
    first, second = app.customers.page("drawn")
    assert (first["priority"], second["priority"]) == ("life_support", "important")
    assert [way["consent"] for way in first["ways"]] == [False, True] and "+99900000001" not in str(first)
    assert (second["link_probability"], second["possible"]) == (0.7, [[loads[2], 0.2]])


def test_the_same_account_again_gets_the_new_content(app, loads):
    app.customers.import_files("drawn", accounts=good(loads), actor=SUN)
    app.customers.import_files("drawn", accounts=f"account_id,consumer_id,name\nA1,{loads[3]},李某".encode(), actor=SUN)
    assert app.customers.count("drawn") == 2
    assert {row["account_id"]: row["consumer_id"] for row in app.customers.page("drawn")}["A1"] == loads[3]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ("A9,nowhere,,,,,,,,,", "customers.place.unknown"),
        (",{0},,,,,,,,,", "customers.missing"),
        ("A9,{0},,,royal,,,,,,", "customers.choice"),
        ("A9,{0},,,,,pigeon:loft,,,,", "customers.channel"),
        ("A9,{0},,,,,sms:none,,,,", "customers.address"),
        ("A9,{0},,,,,sms:+99900000001,email,,,", "customers.consent"),
        ("A9,{0},,,,,,,25:00-07:00,,", "customers.quiet"),
        ("A9,{0},,,,,,,,0.9,{1}:0.2", "customers.probability"),
        ("A9,{0},,,,,,,,,{1}:much", "customers.possible"),
        ("A9,{0},,,,,,,,,,,", "customers.cells"),
        ("A1,{0},,,,,,,,,", "customers.duplicate"),
    ],
)
def test_a_faulty_row_is_told_and_the_others_are_kept(app, loads, cells, kind):
    kept = app.customers.import_files("drawn", accounts=good(loads) + f"\n{cells.format(*loads)}".encode(), actor=SUN)
    assert [finding.kind for finding in kept.findings] == [kind] and (kept.accounts, kept.checked) == (2, 3)
    assert kept.findings[0].evidence["row"] == 4 and kept.findings[0].message.zh != kept.findings[0].message.en


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"name\nLin", b"\xff\xfe\x00", b"account_id,account_id\nA,B"])
def test_what_is_no_customer_file_is_refused_whole(app, content):
    with pytest.raises(UnableToReadCustomers):
        app.customers.import_files("drawn", accounts=content, actor=SUN)
    assert app.customers.count("drawn") == 0


def test_delegates_receive_for_accounts_of_the_same_or_an_earlier_file(app, loads):
    head = "contact_id,role,accounts,name,ways\n"
    contacts = f"{head}P1,property_manager,A1;A2,物业,sms:+99900000009\nP2,holder,A1,,\nP3,family,A7,,".encode()
    kept = app.customers.import_files("drawn", accounts=good(loads), contacts=contacts, actor=SUN)
    assert (kept.accounts, kept.delegates, kept.checked) == (2, 1, 5)
    assert [finding.kind for finding in kept.findings] == ["customers.role", "customers.account.unknown"]
    told = app.customers.contact_data("drawn", "A2", why="he called", actor=SUN)
    assert [one["contact_id"] for one in told["delegates"]] == ["P1"]


def test_contact_data_is_read_by_few_for_a_reason_and_the_reading_is_an_event(app, loads):
    app.customers.import_files("drawn", accounts=good(loads), actor=SUN)
    for why, actor, kind in (("", SUN, "why"), ("curious", CHEN, "role")):
        with pytest.raises(UnableToReadContact) as caught:
            app.customers.contact_data("drawn", "A1", why=why, actor=actor)
        assert kinds(caught) == [f"customers.contact.{kind}"]
    assert "+99900000001" in str(app.customers.contact_data("drawn", "A1", why="a call back", actor=SUN))
    with reading(app.engine) as connection:
        (event,) = history(connection, subject="account:drawn/A1")
    assert (event.actor.name, event.body["why"]) == ("Sun", "a call back")


def test_who_may_not_and_no_file_are_refused(app, loads):
    for given, actor, kind in (({"accounts": good(loads)}, CHEN, "role"), ({}, SUN, "no_file")):
        with pytest.raises(UnableToReadCustomers) as caught:
            app.customers.import_files("drawn", **given, actor=actor)
        assert kinds(caught) == [f"customers.{kind}"]
