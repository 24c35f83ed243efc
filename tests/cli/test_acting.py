"""Who acts on the command line: the one named, else the one set, else the user of the system; never a role, never nobody."""

import pytest

from tests.grid.first_feeder import write

SET = ("policy", "set", "approve.duration", 6)


def actors(everlit, *subject):
    return [(event["actor"], event["role"]) for event in everlit("events", *subject, "--json").json]


def test_the_name_given_goes_before_the_setting_and_the_setting_before_the_user(everlit, monkeypatch):
    monkeypatch.delenv("EVERLIT_ACTOR", raising=False)
    monkeypatch.setattr("getpass.getuser", lambda: "wu")
    assert everlit(*SET).code == 0
    monkeypatch.setenv("EVERLIT_ACTOR", " Zhao ")
    assert everlit(*SET).code == 0
    assert everlit(*SET, "--actor", "Lin", "--role", "vice_manager").code == 0
    assert actors(everlit) == [("Lin", "vice_manager"), ("Zhao", "reliability"), ("wu", "reliability")]


def test_without_any_name_nothing_is_changed(everlit, monkeypatch):
    def unknown():
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.delenv("EVERLIT_ACTOR", raising=False)
    monkeypatch.setattr("getpass.getuser", unknown)
    refused = everlit(*SET, "--json")
    assert (refused.code, refused.kinds) == (1, ["actor.name"])
    assert actors(everlit) == []


@pytest.mark.parametrize("name", ["x" * 101, "a\x1bb"])
def test_what_is_no_name_is_refused(everlit, name):
    refused = everlit(*SET, "--actor", name, "--json")
    assert (refused.code, refused.kinds) == (1, ["actor.name"])


def test_a_network_is_imported_by_somebody_and_the_events_tell_who(everlit, home):
    assert everlit("network", "import", write(home / "a"), "--actor", "Lin 林").code == 0
    (event,) = everlit("events", "network/first", "--json").json
    assert (event["actor"], event["role"], event["subject"]) == ("Lin 林", "planner", "network/first")
    everlit(*SET, "--actor", "Zhao")
    assert [one["subject"] for one in everlit("events", "--json").json] == ["policy:approve.duration", "network/first"]
    assert len(everlit("events", "--limit", 1, "--json").json) == 1
    told = everlit("events", "network/first")
    assert told.code == 0 and "Lin 林" in told.out and "Zhao" not in told.out
    assert everlit("events", "nothing:at-all", "--json").json == []
