"""Benchmarks, each figure beside its peer, measured in the same run.

`./run bench` runs the modules of this folder. A module is an area (`grid`, `switching`, `planning` …) and holds
functions marked `@benchmark("name")` that return `Measurement`s; nothing else is registered. Peers that may not share a
process with the product (GPL code, clashing libraries) and everything whose memory is measured run through
`harness.fresh_process`.
"""
