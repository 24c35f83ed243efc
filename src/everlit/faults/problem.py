"""The question of location as arrays (故障定位问题): a tree of places, what may have happened, what was said of it.

Places are numbered in preorder, so each stands behind the one that feeds it. Every place has an edge above it: the
switch or transformer through which it is fed; that of a root is the grid above. What may happen:

    a place     0 nothing, 1 short circuit, 2 earth fault without trip, 3–5 a conductor of phase A, B, C is open
    an edge     its device opens: on a short-circuit below that nobody below has cleared, unless it refuses; or by itself
    a group     0 tells the truth, 1 tells everybody is off, 2 tells nothing (the concentrator all its meters speak through)

What is sent up an edge is *below*: was there a short circuit (0), cleared (1) or not (2), and an earth fault (+ 3). What is
sent down is *state*: lit 0, dark 1, or phase A, B, C lost 2–4.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from everlit.grid.columns import Bools, Floats, Ints

BELOW = 6
"""Kinds of what is below an edge."""
TRUTHS = 3
"""Ways a group speaks."""
NOTHING, SHORT, EARTH, OPEN_A = 0, 1, 2, 3
LIT, DARK, LOST_A = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Problem:
    """All numbers are natural logarithms of probabilities and likelihoods.

    parent [n]: -1 for roots. refuses, alone [n]: that the edge's device does not open when it should (0 where there is
    no device), that it opens by itself. ends [n]: no fault current is seen beyond this edge (a transformer).
    edge [n, opened, short below, earth below]: of what was said at the edge. prior [n, kinds] and said [n, kinds]: of what
    happens in the place. told [n, states, TRUTHS]: of what the place's customers said. top, inside [n]: here a group's
    area begins, this place is in one; truth [TRUTHS]. Kinds and states are 3 and 2, or 6 and 5 where phases are known.
    """

    parent: Ints
    refuses: Floats
    alone: Floats
    ends: Bools
    edge: npt.NDArray[np.float64]
    prior: npt.NDArray[np.float64]
    said: npt.NDArray[np.float64]
    told: npt.NDArray[np.float64]
    top: Bools
    inside: Bools
    truth: Floats

    @property
    def size(self) -> int:
        """Number of places."""
        return len(self.parent)


@dataclass(frozen=True, eq=False)
class Posterior:
    """What is to be believed: happened [n, kinds], state [n, states], opened [n] (the edge above each place).

    evidence [n]: logarithm of the probability of all that was said in the tree of each root, 0 elsewhere.
    """

    happened: npt.NDArray[np.float64]
    state: npt.NDArray[np.float64]
    opened: Floats
    evidence: Floats
