"""The city `ortenau`: pandapower's `mv_oberrhein` (20 kV, real coordinates) joined to `lv_schutterwald` (0.4 kV).

    110 kV ── 25 MVA ── 20 kV feeders ── Bus N ─/─ MS_bus_idx_N ── T_idx_N ── NS_bus_idx_N ── LV lines, homes

The LV transformers are called `T_idx_N` after the MV bus they hang at. 13 of 14 stand within 30 m of that bus; the
fourteenth names no bus and is left out, said in a finding. See README.md.
"""
