"""Where notices are kept: announcements, the outbox, who covers whom, signed receipts, reconciliations.

Every function works inside the caller's transaction and is the same on SQLite and PostgreSQL. Instants are whole seconds
since the epoch: they are compared and added in SQL.

    announcements   versions of what is said about an event, and what a new one does to the messages of the older
    beliefs         what every reader was told last
    fan_out, doubt  deciding: one `INSERT … SELECT` per group of loads; the few cases that need more
    queue           sending: claim in batches, mark in batches, expire
    told            reading: who was told what, counts, receipts, reconciliations
"""
