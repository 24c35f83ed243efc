"""The cities that come with the product (内置城市), by name."""

from importlib.resources import files
from pathlib import Path


def shipped_networks() -> dict[str, Path]:
    """Folder of each shipped network by name."""
    folder = Path(str(files("everlit"))) / "data" / "networks"
    return {path.parent.name: path.parent for path in sorted(folder.glob("*/network.json"))}


def network_folder(name_or_folder: str | Path) -> Path:
    """The folder meant by a shipped name or a path; a name wins, `./urban` is always a path."""
    return shipped_networks().get(str(name_or_folder), Path(name_or_folder))
