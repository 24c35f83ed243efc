"""The network (电网): one topology from substation to customer, and every question asked of it.

Tables come in (`schema`, `tables`, `validate`), become frozen arrays (`compile_network`), collapse to sections
(开关区段: everything joined without passing a switch) and stand under a supply forest for any state of the switches.
"""

from everlit.grid.compile import Equipment, Grid, UnableToFindEquipment, compile_network
from everlit.grid.energised import energised_nodes
from everlit.grid.live import Change, Live
from everlit.grid.model import Importance, Network, SwitchKind
from everlit.grid.state import earthed, positions
from everlit.grid.supply import Counts, Supply, supply
from everlit.grid.tables import UnableToLoadNetwork, load_network
from everlit.grid.trace import Dark, bounding_switches, dark, under

__all__ = [
    "Change",
    "Counts",
    "Dark",
    "Equipment",
    "Grid",
    "Importance",
    "Live",
    "Network",
    "Supply",
    "SwitchKind",
    "UnableToFindEquipment",
    "UnableToLoadNetwork",
    "bounding_switches",
    "compile_network",
    "dark",
    "earthed",
    "energised_nodes",
    "load_network",
    "positions",
    "supply",
    "under",
]
