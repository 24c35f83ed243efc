"""Where an outage is, told no more exactly than the number of its customers allows.

With six customers or more the area is the hull of the places (or a circle where they make none). With fewer, places
would point at a household: then only the cell of a coarse grid is told.

>>> corners = [Place(23.10, 113.20), Place(23.10, 113.30), Place(23.20, 113.20), Place(23.12, 113.22)]
>>> [(place.latitude, place.longitude) for place in hull(corners)]
[(23.1, 113.2), (23.1, 113.3), (23.2, 113.2)]
>>> coarse(Place(23.1234, 113.5678), cell_deg=0.05)
Place(latitude=23.125, longitude=113.575)
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from everlit.notices.channels.outage import Place

KM_PER_DEGREE = 111.195
"""Kilometres of one degree of latitude on a sphere of 6371 km."""
SMALLEST_CIRCLE_KM = 0.1


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle around a place, radius in kilometres."""

    centre: Place
    radius_km: float


def shape(places: Sequence[Place], *, affected: int, few: int, cell_deg: float) -> tuple[Place, ...] | Circle | None:
    """The corners of the area (not closed), or a circle, or None without places.

    With `affected` <= `few` customers it is the circle around a whole cell of `cell_deg` degrees.
    """
    known = sorted({place for place in places if sound(place)}, key=_west_to_east)
    if not known:
        return None
    if affected <= few:
        middle = coarse(centre(known), cell_deg=cell_deg)
        corner = Place(middle.latitude - cell_deg / 2, middle.longitude - cell_deg / 2)
        return Circle(middle, round(distance_km(middle, corner), 3))
    corners = hull(known)
    if len(corners) >= 3:
        return corners
    middle = centre(known)
    return Circle(middle, round(max(SMALLEST_CIRCLE_KM, *(distance_km(middle, one) for one in known)), 3))


def sound(place: Place) -> bool:
    """True for finite degrees on the globe."""
    numbers = math.isfinite(place.latitude) and math.isfinite(place.longitude)
    return numbers and abs(place.latitude) <= 90 and abs(place.longitude) <= 180


def centre(places: Sequence[Place]) -> Place:
    """The mean of the places, which lie in one city."""
    latitude = math.fsum(place.latitude for place in places) / len(places)
    return Place(round(latitude, 6), round(math.fsum(place.longitude for place in places) / len(places), 6))


def coarse(place: Place, *, cell_deg: float) -> Place:
    """The middle of the cell of `cell_deg` degrees that holds the place."""

    def middle(degrees: float) -> float:
        return round((math.floor(degrees / cell_deg) + 0.5) * cell_deg, 6)

    return Place(middle(place.latitude), middle(place.longitude))


def distance_km(one: Place, other: Place) -> float:
    """Distance on the plane that touches the globe between the two, good within a city."""
    north = (one.latitude - other.latitude) * KM_PER_DEGREE
    shrink = math.cos(math.radians((one.latitude + other.latitude) / 2))
    return math.hypot(north, (one.longitude - other.longitude) * KM_PER_DEGREE * shrink)


def hull(places: Sequence[Place]) -> tuple[Place, ...]:
    """Corners of the convex hull, counter-clockwise from the south-west (monotone chain); collinear points left out."""
    points = sorted(set(places), key=_west_to_east)
    if len(points) < 3:
        return tuple(points)
    lower, upper = _chain(points), _chain(points[::-1])
    return tuple(lower[:-1] + upper[:-1])


def _west_to_east(place: Place) -> tuple[float, float]:
    return place.longitude, place.latitude


def _chain(points: Sequence[Place]) -> list[Place]:
    corners: list[Place] = []
    for point in points:
        while len(corners) >= 2 and _turn(corners[-2], corners[-1], point) <= 0:
            corners.pop()
        corners.append(point)
    return corners


def _turn(a: Place, b: Place, c: Place) -> float:
    return (b.longitude - a.longitude) * (c.latitude - a.latitude) - (b.latitude - a.latitude) * (
        c.longitude - a.longitude
    )
