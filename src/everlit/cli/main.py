"""The command `everlit`: commands of each capability are added to one application here."""

import sys

import typer

from everlit import __version__
from everlit.cli import demo, networks, planning, serve, switching
from everlit.cli.output import refuse
from everlit.kernel import Refusal

application = typer.Typer(
    help="Everlit 长明 — compute before you cut. 先算后停。", no_args_is_help=True, pretty_exceptions_enable=False
)
application.add_typer(networks.application, name="network")
application.add_typer(planning.application, name="plan")
for module in (switching, serve, demo):
    module.add_to(application)


@application.command("version")
def version() -> None:
    """Print the version. 显示版本。"""
    typer.echo(__version__)


def main() -> None:
    """Run the command line; a refusal prints its findings and exits 1."""
    try:
        application()
    except Refusal as refusal:
        try:
            refuse(refusal, as_json="--json" in sys.argv)
        except typer.Exit as leaving:
            sys.exit(leaving.exit_code)
