"""Loading a network (载入): a shipped city by name, or any folder of tables; whole or not at all."""

from pathlib import Path

from everlit.grid.assemble import ARROW_TYPES, content_hash, network_of
from everlit.grid.model import Network
from everlit.grid.reading import Limits
from everlit.grid.shipped import shipped_networks
from everlit.grid.validate import validate_folder
from everlit.kernel import Finding, Refusal, Severity, Text

__all__ = ["ARROW_TYPES", "UnableToLoadNetwork", "content_hash", "load_network", "network_of", "shipped_networks"]


class UnableToLoadNetwork(Refusal):
    """The folder is not a valid network; the findings say where."""

    title = Text(en="The network could not be loaded.", zh="无法载入网络。")


def load_network(name_or_folder: str | Path, *, limits: Limits | None = None) -> Network:
    """Read a shipped network by name or a folder; raises UnableToLoadNetwork with every error found.

    Warnings do not refuse a network; `validate_folder` returns them together with it.
    """
    report = validate_folder(name_or_folder, limits=limits)
    if report.network is None:
        notes = tuple(finding for finding in report.findings if finding.severity is Severity.NOTE)
        raise UnableToLoadNetwork(*(report.errors or (_unsaid(name_or_folder),)), *notes)
    return report.network


def _unsaid(folder: str | Path) -> Finding:
    return Finding("network.refused", str(folder), Text(en=f"{folder} is no network.", zh=f"{folder} 不是网络。"))
