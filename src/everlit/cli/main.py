"""The command `everlit`: commands of each capability are added to one application here."""

import sys

import typer

from everlit import __version__
from everlit.cli import (
    assessment,
    control,
    customers,
    demo,
    events,
    facts,
    faults,
    indices,
    ledger,
    lifecycle,
    networks,
    notices,
    planning,
    policies,
    reliability,
    reliability_forward,
    serve,
    switching,
)
from everlit.cli.output import refuse
from everlit.kernel import Finding, Refusal, Text

application = typer.Typer(
    help="Everlit 长明 — compute before you cut. 先算后停。", no_args_is_help=True, pretty_exceptions_enable=False
)
facts.add_to_network(networks.application)
for part in (assessment, lifecycle, facts, control):
    part.add_to_plan(planning.application)
application.add_typer(networks.application, name="network")
application.add_typer(planning.application, name="plan")
application.add_typer(policies.application, name="policy")
application.add_typer(ledger.application, name="ledger")
application.add_typer(customers.application, name="customers")
application.add_typer(notices.application, name="notices")
application.add_typer(faults.application, name="faults")
of_reliability = typer.Typer(
    help="Reliability: days, repeats, months, report, forward. 供电可靠性。", no_args_is_help=True
)
for part in (reliability, reliability_forward):
    part.add_to_reliability(of_reliability)
application.add_typer(of_reliability, name="reliability")
for module in (indices, events, switching, serve, demo):
    module.add_to(application)


class UnableToUseFile(Refusal):
    """A file or folder cannot be read or written."""

    title = Text(en="A file or folder cannot be used.", zh="文件或目录无法使用。")


@application.command("version")
def version() -> None:
    """Print the version. 显示版本。"""
    typer.echo(__version__)


def main() -> None:
    """Run the command line; a refusal prints its findings and exits 1, a file that cannot be used is a refusal."""
    try:
        application()
    except Refusal as refusal:
        _leave(refusal)
    except OSError as error:
        file, why = str(error.filename or "?")[:200], error.strerror or type(error).__name__
        words = Text(en=f"{file} cannot be used: {why}.", zh=f"{file} 无法使用:{why}。")
        _leave(UnableToUseFile(Finding("file.unusable", file, words)))


def _leave(refusal: Refusal) -> None:
    try:
        refuse(refusal, as_json="--json" in sys.argv)
    except typer.Exit as leaving:
        sys.exit(leaving.exit_code)
