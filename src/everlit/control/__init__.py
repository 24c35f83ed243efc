"""Control of outages while they are carried out (事中控制): each step as it was done, and what that makes of the plan.

    ticket (操作票) ─► steps done (执行) ─► positions of switches ─► who is really dead ─► ledger (台账)
                            └─► how late it will be ─► promise clock          └─► who is dead that was not told

The plan is a path of states; this is the path that was walked. Steps are told one by one, as the crew takes them, or all
at once afterwards; nothing is skipped in silence, and what was done otherwise says why.
"""
