"""`python -m everlit` is the command `everlit`."""

from everlit.cli import main

main()
