"""The channels (通知渠道): one closed module for each way of telling people, and for each format others read.

    sent one by one   email · sms (SMPP or an HTTP gateway) · webhook (CloudEvents)       say what became of it
    kept here         inbox · door                                                         the outbox row is the letter
    read by others    iCalendar · CAP · ODIN                                               pure: outages in, document out
    on paper          door notices · lists to tick                                         PDF

A channel never raises for what a gateway does; it says FAILED only when the message surely did not leave, and UNKNOWN
as soon as it may have. Everything that comes from outside (addresses, titles, names, what a gateway answers) is
cleaned in `clean` before it reaches a protocol. `configured.channels_from` builds what the settings name; the recipe
for another channel is in the README of this folder.
"""
