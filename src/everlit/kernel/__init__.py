"""The kernel: the few words every capability shares.

A half-open :class:`Period`, a bilingual :class:`Text`, a :class:`Finding` (what is wrong, where, and what shows it),
and :class:`Policy` rows: every threshold of the product is layered data with its document and its confidence, never
a constant in code. Standard library only; no clock, no I/O.
"""

from everlit.kernel.finding import Finding, Refusal, Severity
from everlit.kernel.fingerprint import fingerprint
from everlit.kernel.period import Period, utc
from everlit.kernel.policy import Hardness, Policies, Policy, UnableToFindPolicy
from everlit.kernel.text import Text

__all__ = [
    "Finding",
    "Hardness",
    "Period",
    "Policies",
    "Policy",
    "Refusal",
    "Severity",
    "Text",
    "UnableToFindPolicy",
    "fingerprint",
    "utc",
]
