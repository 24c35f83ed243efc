"""The command line (命令行): `everlit …`, one module per capability, `--json` everywhere, exit 0 only on success."""

from everlit.cli.main import main

__all__ = ["main"]
