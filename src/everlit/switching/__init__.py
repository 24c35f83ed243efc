"""Switching (倒闸): who must be cut off, who can be kept on, and in which order the switches move.

`isolate` finds the smallest isolation (隔离) of equipment, `transfer` the best re-supply (转电) of all it cuts off,
with a certificate for each who stays dark.
"""

from everlit.switching.certificate_check import check_certificate
from everlit.switching.isolate import Break, Isolation, UnableToIsolate, isolate
from everlit.switching.limits import DEFAULT_LIMITS, TRANSFER_POLICIES, Limits, limits_of
from everlit.switching.missing_ties import MissingTie, rank_missing_ties
from everlit.switching.reason import Reason
from everlit.switching.transfer import Transfer, UnableToTransfer, transfer
from everlit.switching.window import Window

__all__ = [
    "DEFAULT_LIMITS",
    "TRANSFER_POLICIES",
    "Break",
    "Isolation",
    "Limits",
    "MissingTie",
    "Reason",
    "Transfer",
    "UnableToIsolate",
    "UnableToTransfer",
    "Window",
    "check_certificate",
    "isolate",
    "limits_of",
    "rank_missing_ties",
    "transfer",
]
