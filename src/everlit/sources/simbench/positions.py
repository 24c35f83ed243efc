"""Positions for a readable map (地图坐标). SimBench LV grids are drawn 500 m wide while their transformers stand
200 m apart, so neighbouring grids lie on top of each other.

Every LV grid keeps its shape but is shrunk round its own transformer into a circle of 0.45 of the way to the nearest
other transformer: two such circles cannot meet. Nodes at one and the same place are fanned out, and the auxiliary node
behind a switch is set a little way along its line, so that switches can be seen and touched.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

LATITUDE_DEG = 53.64
METRES_PER_DEGREE = (111_320 * float(np.cos(np.radians(LATITUDE_DEG))), 111_132.0)
SHARE_OF_WAY = 0.45
LARGEST_RADIUS_M = 150.0
BESIDE_TRANSFORMER_M = 5.0
ALONG_LINE = 0.12
LARGEST_ALONG_M = 12.0
FAN_M = {True: 9.0, False: 1.2}  # MV (busbars of a station), LV
GOLDEN_RAD = 2.399963229728653
DIGITS = 7
Points = npt.NDArray[np.float64]


def map_positions(delivered: pd.DataFrame, frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Longitude and latitude of every node for the map; `delivered` has columns lon, lat, indexed by node."""
    node = frames["Node"].set_index("id")
    origin = np.array([delivered.lon.mean(), delivered.lat.mean()])
    place = pd.DataFrame((delivered.to_numpy() - origin) * METRES_PER_DEGREE, index=delivered.index, columns=["x", "y"])
    bus_of = _bus_of(node, frames["Switch"])
    _shrink_lv_grids(place, node, frames, bus_of)
    buses = node.index[node.type != "auxiliary"]
    place.loc[buses] = _fanned(place.loc[buses], node.vmR.loc[buses].to_numpy() > 1)
    _set_auxiliary(place, frames, bus_of)
    return pd.DataFrame(
        np.round(place.to_numpy() / METRES_PER_DEGREE + origin, DIGITS), index=place.index, columns=["lon", "lat"]
    )


def lv_circles(transformers: Points, others: Points) -> npt.NDArray[np.float64]:
    """Radius for the LV grid of each transformer: circles of any two never meet.

    >>> lv_circles(np.array([[0.0, 0.0], [100.0, 0.0], [0.0, 400.0]]), np.empty((0, 2))).tolist()
    [45.0, 45.0, 150.0]
    """
    every = np.vstack([transformers, others])
    away = np.hypot(*(transformers[:, None, :] - every[None, :, :]).transpose(2, 0, 1))
    away[np.arange(len(transformers)), np.arange(len(transformers))] = np.inf
    radius: npt.NDArray[np.float64] = np.minimum(SHARE_OF_WAY * away.min(axis=1), LARGEST_RADIUS_M)
    return radius


def _bus_of(node: pd.DataFrame, switch: pd.DataFrame) -> pd.Series:
    """The bus each auxiliary node hangs at; buses stand for themselves."""
    pairs = [(a, b) for a, b in zip(switch.nodeA, switch.nodeB, strict=True)]
    auxiliary = set(node.index[node.type == "auxiliary"])
    found = {a: b for a, b in pairs if a in auxiliary and b not in auxiliary}
    found |= {b: a for a, b in pairs if b in auxiliary and a not in auxiliary}
    return pd.Series({name: found.get(name, name) for name in node.index})


def _shrink_lv_grids(
    place: pd.DataFrame, node: pd.DataFrame, frames: Mapping[str, pd.DataFrame], bus_of: pd.Series
) -> None:
    unit = frames["Transformer"]
    unit = unit[(node.vmR.loc[unit.nodeLV] < 1).to_numpy()]
    sites = place.loc[bus_of.loc[unit.nodeHV]].to_numpy()
    stations = place.loc[node.index[node.substation.notna()]].drop_duplicates().to_numpy()
    radius = lv_circles(sites, stations)
    grids = node[node.vmR < 1].groupby("subnet").groups
    for site, circle, lv_node in zip(sites, radius, unit.nodeLV, strict=True):
        members = grids[node.subnet.loc[lv_node]]
        centre = place.loc[bus_of.loc[lv_node]].to_numpy()
        apart = place.loc[members].to_numpy() - centre
        scale = (circle - BESIDE_TRANSFORMER_M - FAN_M[False]) / np.hypot(*apart.T).max()
        place.loc[members] = site - (0.0, BESIDE_TRANSFORMER_M) + apart * min(scale, 1.0)


def _fanned(place: pd.DataFrame, at_mv: npt.NDArray[np.bool_]) -> Points:
    """Points with those that coincide set round the first of them."""
    moved: Points = place.to_numpy().copy()
    turn = place.groupby([place.x.round(2), place.y.round(2)], sort=False).cumcount().to_numpy()
    reach = np.where(at_mv, FAN_M[True], FAN_M[False]) * np.sqrt(turn / np.maximum(turn.max(), 1))
    moved += (reach * np.stack([np.cos(turn * GOLDEN_RAD), np.sin(turn * GOLDEN_RAD)])).T
    return moved


def _set_auxiliary(place: pd.DataFrame, frames: Mapping[str, pd.DataFrame], bus_of: pd.Series) -> None:
    line, unit = frames["Line"], frames["Transformer"]
    ends = list(zip(line.nodeA, line.nodeB, strict=True)) + list(zip(unit.nodeHV, unit.nodeLV, strict=True))
    here = [end for pair in ends for end in pair]
    there = [end for one, other in ends for end in (other, one)]
    start, goal = place.loc[bus_of.loc[here]].to_numpy(), place.loc[bus_of.loc[there]].to_numpy()
    way = goal - start
    length = np.maximum(np.hypot(*way.T), 1e-9)
    step = np.minimum(ALONG_LINE * length, LARGEST_ALONG_M) / length
    moved = pd.DataFrame(start + way * step[:, None], index=here, columns=["x", "y"])
    moved = moved[(bus_of.loc[here].to_numpy() != np.array(here, dtype=object))]
    place.loc[moved.index] = moved.to_numpy()
