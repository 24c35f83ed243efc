"""Networks from the literature (文献算例): small feeders whose best configuration is published.

`case16`, `case33`, `case70` were re-typed from their papers (the files in `published/`), `case533` is a real utility's
medium-voltage network from the MATPOWER collection. In these every branch can be opened at its `from` end:

    b3 ─/s3─ b3.s3 ──l3── b4        branch "3" of the paper: switch s3 and line l3

`rbts2` comes with failure rates instead of losses.

See README.md for figures and licences.
"""
