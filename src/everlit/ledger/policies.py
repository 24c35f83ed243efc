"""The thresholds of the ledger as rows: what is kept with a warning until somebody has looked at it."""

from everlit.kernel import Hardness, Policies, Policy, Text

LEDGER_POLICIES = Policies(
    (
        Policy(
            "ledger.review",
            30.0,
            "d",
            ">",
            Text("days after which an interruption needs review", "停电时长需复核的天数"),
            Hardness.INTERNAL,
            document="own data check",
            confidence="G?",
        ),
    )
)
"""The rows of the ledger."""
