"""Where networks come from (数据来源): one closed folder per source, each with README, mapping and converter.

A converter reads the source's own files and writes a folder in the table format. It may need heavy packages
(requirements/convert.lock); the product never does: it ships the converted folders under `everlit/data/networks`.
`python -m everlit.sources.<name> --check` makes them again and compares them with the shipped ones byte for byte.
"""
