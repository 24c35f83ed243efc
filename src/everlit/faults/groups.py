"""Whoever speaks through one mouth (共同来源): meters behind one concentrator share its failures.

A concentrator that reports all its meters lost, or falls silent, is one cause and no crowd of witnesses. Its area is the
smallest subtree of the supply forest that holds its meters; areas that lie in each other are taken as one.

        T ─┬─ box a (2 meters, concentrator k)       area of k: everything under T
           └─ box b (1 meter, concentrator k)
"""

from dataclasses import dataclass

import numba
import numpy as np

from everlit.faults.places import Places
from everlit.grid.columns import Bools, Ints


@dataclass(frozen=True, eq=False)
class Groups:
    """Per place: whether an area begins here, whether it lies in one."""

    top: Bools
    inside: Bools


def groups_of(places: Places, place: Ints, through: Ints) -> Groups:
    """The areas of the concentrators, from the place of each meter and the one it speaks through (-1: none)."""
    spoken = np.flatnonzero(through >= 0)
    key = through[spoken].astype(np.int64) * max(places.size, 1) + places.root[place[spoken]]
    _, number = np.unique(key, return_inverse=True)
    count = int(number.max(initial=-1)) + 1
    low, high = np.full(count, places.size, np.int32), np.full(count, -1, np.int32)
    np.minimum.at(low, number, place[spoken])
    np.maximum.at(high, number, place[spoken])
    top, inside = _areas(places.parent, places.last, low, high)
    return Groups(top, inside)


@numba.njit(cache=True)
def _areas(parent: Ints, last: Ints, low: Ints, high: Ints) -> tuple[Bools, Bools]:
    n = len(parent)
    top, inside = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    for index in range(len(low)):
        v = low[index]
        while last[v] <= high[index]:
            v = parent[v]
        top[v] = True
    for v in range(n):
        inside[v] = top[v]
        if parent[v] >= 0 and inside[parent[v]]:
            inside[v], top[v] = True, False
    return top, inside
