"""The city `urban`: SimBench `1-MVLV-urban-all-0-sw` (10 kV), its tables turned into the table format value by value.

    110 kV ── 2 × 63 MVA ── 4 busbars ── 10 feeders ── base station (开闭所) ── 4 more feeders
                                             └── 133 transformer areas (台区) ── 11,536 LV customers

See README.md for licence, traps and proof.
"""
