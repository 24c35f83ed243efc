"""What `./run` does, with nothing but Python's standard library.

One module per concern: `progress` says what happens and how long it took, `stamps` remembers what is already done,
`registry` reads where packages come from, `environments` makes the virtual environments from the hashed locks,
`pages` builds the web assets, `chromium` and `postgres` provide what the checks need from outside Python,
`gate` is the list of checks, and `commands` is the table of commands.
"""
