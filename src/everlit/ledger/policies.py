"""The thresholds of the ledger (规则登记表): rows of `policies.csv`, replaced by a utility's own like all others.

>>> LEDGER_POLICIES.rows[0].key, LEDGER_POLICIES.rows[0].holds(31.0)
('ledger.review', True)
"""

from importlib.resources import files

from everlit.kernel import Policies
from everlit.kernel.policy import register

LEDGER_POLICIES = Policies(register((files("everlit.ledger") / "policies.csv").read_text("utf-8")))
