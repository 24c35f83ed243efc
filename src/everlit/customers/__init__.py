"""Customers (客户): who stands behind a load of the network, and how each may be told.

    load (EnergyConsumer) ◄── account (户) ── holder (户主)        ways to reach, in order of preference, with consent
                                  ▲
                                  └────────── delegate (代收人)    property manager, family, duty phone: for many accounts

An account hangs on the network by the load it is recorded at. How sure that record (户变关系) is stands beside it, with
the other places where it may hang in truth. Contact data is read by name, for a reason, and every reading is an event;
lists show it masked.
"""
