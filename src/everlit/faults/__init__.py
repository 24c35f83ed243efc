"""Faults (故障): where it is and what has opened, believed from evidence (证据), never told from a single sign.

Signals (信号) of many sources say something about the network: a protection that tripped, a fault indicator
(故障指示器) that saw current pass, a meter's last gasp (停电上报), a call, a concentrator, a crew. Each may err and each grows old.
They are taken into the `spool`, which needs no database, and drained from there into the log, each once. `locate`
weighs all of them over the supply forest of that time and answers with the posterior (后验概率) of every place, exactly,
several faults at once included, with its reasons and with what would decide it.
"""
