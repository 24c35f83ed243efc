"""Connected components by union-find: which nodes hang together when nothing is switched."""

import numba
import numpy as np
import numpy.typing as npt


@numba.njit(cache=True)
def _find(parent: npt.NDArray[np.int32], node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@numba.njit(cache=True)
def _label(
    n_nodes: int, ends: npt.NDArray[np.int32], others: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.int32], int]:
    parent = np.arange(n_nodes).astype(np.int32)
    for index in range(len(ends)):
        one, other = _find(parent, ends[index]), _find(parent, others[index])
        if one != other:
            parent[max(one, other)] = min(one, other)
    label, count = np.empty(n_nodes, np.int32), 0
    for node in range(n_nodes):
        root = _find(parent, node)
        if root == node:
            label[node] = count
            count += 1
        else:
            label[node] = label[root]
    return label, count


def components(
    n_nodes: int, ends: npt.NDArray[np.int32], others: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.int32], int]:
    """Component of each node and their number; components are numbered by their first node."""
    label, count = _label(n_nodes, ends, others)
    return label, int(count)
