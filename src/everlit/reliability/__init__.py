"""Reliability (供电可靠性): what the dead intervals of the ledger amount to, in two books over the same rows.

    ledger (who was dead, from when to when, why)
       │  one pass, integers: customer-seconds, interruptions, operations        `tally`
       ├─► IEEE 1366   SAIFI SAIDI CAIDI … CEMI CELID      longer than 5 min     `formulas`, `indices`
       ├─► DL/T 836    -1 … -4, F, S, RS, 时户数           longer than 3 min
       ├─► major event days: with them, without, only them                      `days`
       ├─► frequent customers and feeders                                       `repeats`
       └─► budgets, months closed and restated, drill-down, report              `budget`, `closing`, `drill`, `report`

Every index is a ratio of two integers that are kept with it, so that parts add up to the whole and every figure leads
back to the events and customers it was counted from. `forward` turns the question round: what the network as it is
built promises, before anything happens.
"""
