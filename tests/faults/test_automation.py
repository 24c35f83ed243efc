"""What a voltage-time feeder does by itself, for every fault place: the fault stays dead, everybody else is back."""

import json

import pytest
from typer.testing import CliRunner

from everlit.cli.main import application
from everlit.faults.automation import Automation, UnableToAutomate, field_timeline


@pytest.mark.parametrize("count", range(1, 6))
def test_only_the_faulted_section_stays_dead(count: int) -> None:
    for fault in range(count + 1):
        said = field_timeline(Automation(count, tie_s=200), fault=fault)
        closed = {"breaker": False, "tie": False} | {f"S{i}": False for i in range(1, count + 1)}
        for each in said:
            if each.what == "trips":
                closed = dict.fromkeys(closed, False)
            closed[each.device] = each.what == "closes"
        row = [closed["breaker"], *(closed[f"S{i}"] for i in range(1, count + 1)), closed["tie"]]
        live = {s for s in range(count + 1) if all(row[: s + 1]) or all(row[s + 1 :])}
        assert live == set(range(count + 1)) - {fault}


def test_settings_that_contradict_the_logic_are_refused() -> None:
    for feeder in (Automation(3, y_s=7), Automation(3, tie_s=20), Automation(3, recloses=0)):
        with pytest.raises(UnableToAutomate):
            field_timeline(feeder, fault=1)
    with pytest.raises(UnableToAutomate):
        field_timeline(Automation(3), fault=4)


def test_the_settings_are_rows(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("EVERLIT_HOME", str(tmp_path))
    asked = ["faults", "field", "--sectionalisers", "3", "--fault", "2", "--json"]
    told = json.loads(CliRunner().invoke(application, asked).stdout)["timeline"]
    assert [one["at_s"] for one in told] == [0, 5, 12, 19, 19, 19, 19, 24, 31, 60]
    row = ["policy", "set", "fault.automation.x", "14", "--document", "local rule"]
    done = CliRunner().invoke(application, row)
    assert done.exit_code == 0, done.output
    told = json.loads(CliRunner().invoke(application, asked).stdout)["timeline"]
    assert [one["at_s"] for one in told][:4] == [0, 5, 19, 33]
    assert CliRunner().invoke(application, ["faults", "field", "--fault", "7"]).exit_code != 0
