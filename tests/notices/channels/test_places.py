"""Areas from places: a hull that holds them all, and a cell that says no more than it may."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everlit.notices.channels.outage import Place
from everlit.notices.channels.places import Circle, centre, coarse, distance_km, hull, shape

CITY = st.builds(
    Place, st.integers(2300, 2320).map(lambda grid: grid / 100), st.integers(11300, 11320).map(lambda grid: grid / 100)
)


def left_of(a: Place, b: Place, c: Place) -> float:
    return (b.longitude - a.longitude) * (c.latitude - a.latitude) - (b.latitude - a.latitude) * (
        c.longitude - a.longitude
    )


@given(st.lists(CITY, max_size=30))
def test_the_hull_is_convex_and_holds_every_place(places):
    corners = hull(places)
    assert set(corners) <= set(places)
    if len(corners) >= 3:
        sides = list(zip(corners, (*corners[1:], corners[0]), strict=True))
        assert all(left_of(a, b, place) >= -1e-12 for a, b in sides for place in places)


@given(st.lists(CITY, min_size=1, max_size=8))
def test_a_circle_holds_every_place(places):
    found = shape(places, affected=100, few=5, cell_deg=0.05)
    if isinstance(found, Circle):
        assert all(distance_km(found.centre, place) <= found.radius_km + 1e-3 for place in places)


@given(st.lists(CITY, min_size=1, max_size=8, unique=True), st.sampled_from([0.01, 0.05, 0.1]))
def test_a_cell_depends_on_nothing_but_the_cell(places, cell):
    found = shape(places, affected=5, few=5, cell_deg=cell)
    middle = coarse(centre(places), cell_deg=cell)
    assert isinstance(found, Circle) and found.centre == middle
    assert distance_km(middle, centre(places)) <= found.radius_km + 1e-3
    for number in (middle.latitude, middle.longitude):
        assert math.isclose((number / cell) % 1, 0.5, abs_tol=1e-3)


def test_a_degree_of_latitude_is_a_hundred_and_eleven_kilometres():
    assert distance_km(Place(23.0, 113.0), Place(24.0, 113.0)) == pytest.approx(6371 * math.pi / 180, rel=1e-5)
    assert distance_km(Place(60.0, 10.0), Place(60.0, 11.0)) == pytest.approx(111.195 / 2, rel=1e-3)


@pytest.mark.parametrize("nowhere", [Place(math.nan, 0), Place(0, math.inf), Place(90.1, 0), Place(0, -180.1)])
def test_what_is_no_place_is_left_out(nowhere):
    assert shape([nowhere], affected=9, few=5, cell_deg=0.05) is None
    assert shape([nowhere, Place(1, 1)], affected=9, few=5, cell_deg=0.05) == Circle(Place(1, 1), 0.1)
