"""What is said (通知内容): texts as data, filled in, checked before anything is queued.

    texts.csv ──► compose (event) ──► lint ──► kept with the announcement ──► fill (reader) ──► message
    nine parts    who, why, where      every part, plain words,               when, for whom
    zh and en                          length, short-message parts

A text has two forms, the short one for telephones and the long one for letters, and three readers: who will be dark, who
may be affected, and who receives for many. A text that fails the check is not queued.
"""
