"""The forecast against NumPy on the raw year, day by day; windows against the calendar."""

import doctest
import importlib
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everlit.grid import compile_network, load_network
from everlit.grid.tables import network_of
from everlit.kernel import Period, utc
from everlit.metering import Case, UnableToForecast, expected_energy_kwh, forecast, window_generation, window_loads


def tiny(profiles=None, **manifest):
    tables = {
        "nodes": pa.table({"node_id": ["a", "b"], "nominal_kv": [10.0, 10.0]}),
        "sources": pa.table({"source_id": ["s"], "node_id": ["a"]}),
        "lines": pa.table(
            {
                "line_id": ["l"],
                "from_node_id": ["a"],
                "to_node_id": ["b"],
                "length_m": [1.0],
                "r_ohm": [1.0],
                "x_ohm": [1.0],
            }
        ),
        "consumers": pa.table(
            {
                "consumer_id": ["c1", "c2", "c3"],
                "node_id": ["b", "b", "b"],
                "p_kw": [100.0, 10.0, 7.0],
                "q_kvar": [50.0, 5.0, 2.0],
                "profile_id": pa.array(["home", "shop", None]),
            }
        ),
        "generators": pa.table(
            {"generator_id": ["g"], "node_id": ["b"], "kind": ["pv"], "p_kw": [3.0], "profile_id": ["home"]}
        ),
    }
    if profiles is not None:
        tables["profiles"] = profiles
    return network_of(tables, {"name": "tiny", **manifest})


def year_of_profiles(seed, days, ids=("home", "shop")):
    rng = np.random.default_rng(seed)
    quarters = days * 96
    order = rng.permutation(len(ids) * quarters)
    table = pa.table(
        {
            "profile_id": np.repeat(np.array(ids), quarters)[order],
            "quarter_hour": np.tile(np.arange(quarters), len(ids))[order],
            "p_factor": (p := rng.gamma(2, 1, len(ids) * quarters))[order],
            "q_factor": (q := rng.normal(0, 1, len(ids) * quarters))[order],
        }
    )
    return table, p.reshape(len(ids), days, 96), q.reshape(len(ids), days, 96)


@pytest.mark.parametrize(("year", "days"), [(2016, 366), (2026, 365)])
def test_every_cell_is_the_quantile_of_its_days(year, days):
    table, p, q = year_of_profiles(1, days)
    expected = forecast(tiny(table, profile_year=year))
    dates = [date(year, 1, 1) + timedelta(days=day) for day in range(days)]
    for month in range(1, 13):
        for weekend in (False, True):
            chosen = [i for i, day in enumerate(dates) if day.month == month and (day.isoweekday() > 5) == weekend]
            for case, level in ((Case.HIGH, 90), (Case.LOW, 10)):
                p_factor, q_factor = expected.factors(month, weekend, case)
                for profile in range(2):
                    np.testing.assert_allclose(p_factor[:, profile], np.percentile(p[profile, chosen], level, axis=0))
                    np.testing.assert_allclose(q_factor[:, profile], np.percentile(q[profile, chosen], level, axis=0))
            mean, _ = expected.factors(month, weekend, Case.MEAN)
            np.testing.assert_allclose(mean[:, 0], p[0, chosen].mean(axis=0))
            assert (expected.factors(month, weekend)[0][:, 2] == 1).all()


def test_the_first_day_of_2016_is_a_friday():
    table = pa.table(
        {
            "profile_id": ["home"] * 96 * 3 + ["shop"] * 96 * 3,
            "quarter_hour": list(range(96 * 3)) * 2,
            "p_factor": [1.0] * 96 + [2.0] * 192 + [1.0] * 288,
            "q_factor": [0.0] * 576,
        }
    )
    expected = forecast(tiny(table))
    assert expected.year == 2016
    assert expected.factors(1, False)[0][0, 0] == 1
    assert expected.factors(1, True)[0][0, 0] == 2
    assert expected.factors(7, True)[0][0, 0] == 2, "a month without days borrows from its day type"


def test_window_takes_local_standard_time():
    table, _, _ = year_of_profiles(2, 366)
    network = tiny(table)
    grid, expected = compile_network(network), forecast(network)
    shanghai = window_loads(
        grid, expected, Period(utc("2026-06-05T23:50+08:00"), utc("2026-06-06T00:20+08:00")), "Asia/Shanghai"
    )
    assert [at.isoformat() for at in shanghai.instants] == [
        "2026-06-05T15:45:00+00:00", "2026-06-05T16:00:00+00:00", "2026-06-05T16:15:00+00:00",
    ]  # fmt: skip
    friday, saturday = expected.factors(6, False)[0], expected.factors(6, True)[0]
    np.testing.assert_allclose(shanghai.p_kw[0], [100 * friday[95, 0], 10 * friday[95, 1], 7])
    np.testing.assert_allclose(shanghai.p_kw[1], [100 * saturday[0, 0], 10 * saturday[0, 1], 7])
    np.testing.assert_allclose(shanghai.q_kvar[2, 1], 5 * expected.factors(6, True)[1][1, 1])
    berlin = window_loads(
        grid, expected, Period(utc("2026-07-01T12:00+02:00"), utc("2026-07-01T12:15+02:00")), "Europe/Berlin"
    )
    np.testing.assert_allclose(
        berlin.p_kw[0, 0], 100 * expected.factors(7, False)[0][44, 0], err_msg="11:00 standard time"
    )


def test_generation_is_a_column_of_its_own():
    table, _, _ = year_of_profiles(3, 366)
    network = tiny(table)
    window = Period(utc("2026-06-05T12:00+08:00"), utc("2026-06-05T13:00+08:00"))
    expected = forecast(network)
    output = window_generation(compile_network(network), expected, window, "Asia/Shanghai", case=Case.LOW)
    np.testing.assert_allclose(output.p_kw[:, 0], 3 * expected.factors(6, False, Case.LOW)[0][48:52, 0])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 60 * 24 * 360), st.integers(1, 3000))
def test_energy_is_the_integral_of_the_mean_load(offset, minutes):
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=offset)
    period = Period(start, start + timedelta(minutes=minutes))
    energy = expected_energy_kwh(GRID, EXPECTED, period, "Asia/Shanghai")
    loads = window_loads(GRID, EXPECTED, period, "Asia/Shanghai", case=Case.MEAN)
    covered = [
        sum(at <= start + timedelta(minutes=m) < at + timedelta(minutes=15) for m in range(minutes))
        for at in loads.instants
    ]
    assert sum(covered) == minutes
    np.testing.assert_allclose(energy, np.array(covered) / 60 @ loads.p_kw)


NETWORK = tiny(year_of_profiles(4, 366)[0])
GRID, EXPECTED = compile_network(NETWORK), forecast(NETWORK)


def test_without_profiles_the_table_row_is_the_load():
    network = tiny()
    loads = window_loads(
        compile_network(network), forecast(network), Period(utc("2026-06-05T12:00Z"), utc("2026-06-05T12:30Z")), "UTC"
    )
    np.testing.assert_array_equal(loads.p_kw, [[100, 10, 7]] * 2)
    np.testing.assert_array_equal(loads.q_kvar, [[50, 5, 2]] * 2)


@pytest.mark.parametrize("drop", [slice(0, 100), slice(0, 96)])
def test_gaps_and_repeats_are_refused(drop):
    table, _, _ = year_of_profiles(5, 3)
    broken = pa.concat_tables([table, table.slice(0, 5)]) if drop.stop == 96 else table.slice(drop.stop)
    with pytest.raises(UnableToForecast) as refused:
        forecast(tiny(broken))
    assert refused.value.findings[0].evidence["profiles"]


def test_fingerprint_follows_the_network_and_the_year():
    table, _, _ = year_of_profiles(6, 366)
    one, same = forecast(tiny(table)), forecast(tiny(table))
    assert one is same
    assert forecast(tiny(year_of_profiles(7, 366)[0])).fingerprint != one.fingerprint


def test_urban_peak_is_covered_nine_days_in_ten():
    network = load_network("urban")
    expected, profiles = forecast(network), network.tables["profiles"]
    ids = expected.profile_ids.to_pylist()
    shape = np.zeros((len(ids), 35136))
    rows = np.array([ids.index(name) for name in profiles.column("profile_id").to_pylist()])
    shape[rows, profiles.column("quarter_hour").to_numpy()] = profiles.column("p_factor").to_numpy()
    days = shape.reshape(len(ids), 366, 96)
    dates = [date(2016, 1, 1) + timedelta(days=day) for day in range(366)]
    covered = [
        days[:, i, :] <= expected.factors(day.month, day.isoweekday() > 5)[0][:, :-1].T + 1e-12
        for i, day in enumerate(dates)
    ]
    assert 0.88 < np.mean(covered) < 0.93


def test_examples():
    assert doctest.testmod(importlib.import_module("everlit.metering.forecast")).failed == 0
