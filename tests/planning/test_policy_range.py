"""Thresholds mean something in their unit: whatever is shipped does, and nothing outside is set."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everlit.kernel.policy_range import RANGES, unusable
from everlit.planning.policies import DEFAULT_POLICIES, UnableToSetPolicy, local_row

DAY = date(2026, 6, 1)
ROWS = st.sampled_from(DEFAULT_POLICIES.rows)


@pytest.mark.parametrize("row", DEFAULT_POLICIES.rows, ids=lambda row: row.key)
def test_every_shipped_row_has_a_known_unit_and_a_number_of_it(row):
    assert row.unit in RANGES
    assert unusable(row) is None


def test_every_unit_is_used():
    assert {row.unit for row in DEFAULT_POLICIES.rows} == set(RANGES)


@given(ROWS, st.floats(allow_nan=True, allow_infinity=True))
def test_a_number_is_set_or_refused_with_its_row(row, value):
    allowed = RANGES[row.unit]
    if allowed.low <= value <= allowed.high and (not allowed.whole or value == int(value)):
        assert local_row(DEFAULT_POLICIES, row.key, value=value, since=DAY).value == value
        return
    with pytest.raises(UnableToSetPolicy) as refused:
        local_row(DEFAULT_POLICIES, row.key, value=value, since=DAY)
    (finding,) = refused.value.findings
    assert finding.subject == row.key and row.key in finding.message.en and row.key in finding.message.zh


@pytest.mark.parametrize(("unit", "value"), [("d", -1), ("share", 1.01), ("-", 2), ("times", 2.5), ("A", -0.1)])
def test_what_means_nothing_is_refused(unit, value):
    row = next(one for one in DEFAULT_POLICIES.rows if one.unit == unit)
    assert unusable(replace(row, value=value)) is not None
