"""`everlit customers …` as it is typed."""

import pytest

from everlit.app import App
from tests.ledger.drawn import network

HERE = ("--network", "drawn", "--actor", "Sun")


@pytest.fixture
def load(home):
    app = App.open()
    app.import_network(network())
    return app.grid("drawn").network.tables["consumers"].column("consumer_id")[0].as_py()


def test_customers_come_in_and_are_shown_masked(everlit, load, home):
    file, others = home / "accounts.csv", home / "contacts.csv"
    file.write_text(f"account_id,consumer_id,name,ways\nA1,{load},林先生,sms:+99900000001\n", encoding="utf-8")
    others.write_text("contact_id,role,accounts,ways\nP1,family,A1,email:a@example.invalid\n", encoding="utf-8")
    done = everlit("customers", "import", "--accounts", file, "--contacts", others, *HERE)
    assert done.code == 0 and "1 accounts" in done.out
    assert "A1" in everlit("customers", "list", *HERE[:2]).out
    assert "99900000001" not in everlit("customers", "list", *HERE[:2], "--json").out
    shown = everlit("customers", "contact", "A1", "--why", "he called", *HERE)
    assert "+99900000001" in shown.out and "family" in shown.out
    assert everlit("customers", "contact", "A2", "--why", "he called", *HERE, "--json").kinds == [
        "customers.contact.unknown"
    ]


def test_faulty_rows_end_with_one_and_no_file_is_refused(everlit, load, home):
    file = home / "accounts.csv"
    file.write_text(f"account_id,consumer_id\nA1,{load}\nA2,nowhere\n", encoding="utf-8")
    half = everlit("customers", "import", "--accounts", file, *HERE, "--json")
    assert half.code == 1 and half.json["accounts"] == 1 and half.kinds == ["customers.place.unknown"]
    assert everlit("customers", "import", *HERE, "--json").kinds == ["customers.no_file"]
    assert everlit("customers", "import", "--accounts", home / "none.csv", *HERE, "--json").kinds == ["file.unusable"]
    crew = everlit("customers", "import", "--accounts", file, "--role", "crew", *HERE, "--json")
    assert crew.kinds == ["customers.role"]
