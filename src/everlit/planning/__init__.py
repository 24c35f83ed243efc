"""Planned outages (停电计划): compute before you cut (先算后停), from a department's wish to a closed file.

    request (申请) ─► assess (先算) ─► merge, schedule (综合、排程) ─► approve (审批) ─► control (控制) ─► review (分析)

The rules here are pure: `assess` computes what one outage does to whom, `lifecycle` says who may do what next, `month`
poses the month as one problem, `delays` and `review` watch and learn. `store` and `service` keep facts and events.
"""
