"""Notices (停电通知): tell exactly the households concerned, in time, once, and be able to prove it.

    final plan ──► recipients (谁) ──► versions (新、改、撤) ──► outbox (发件箱) ──► channel ──► receipt (回执)
    who is dead    accounts, contacts,  what each was already     one transaction    one try     what became
    from when      preferences          told, what is new         with its cause     at a time   of it
                                                   └──► reconcile (到户核对): who was told, whose meter went dead

The recipients are read off the simulated path of the final plan, never off a feeder's name. Rules here are pure;
`channel` says what a way of telling must be able to do, `store` and `service` keep the outbox.
"""
