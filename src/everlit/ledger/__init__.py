"""The ledger (停电台账): who was without supply, from when to when, in which event, and who says so.

    statements (停电记录) ─► standing rows ─► settle ─► disjoint dead intervals ─► reliability, notices, planning
    steps · imports · corrections              as known at any instant

A statement says that subjects were off from one instant to another. Statements are only added: a correction is a new
statement of a higher revision. What they say together is settled afresh for whoever asks, as known at any instant:
per subject disjoint half-open intervals, so that no customer is dead twice at one instant and no minute is counted
twice, in whatever order the statements arrived.
"""
