"""Writing a network as a folder (导出): what is read back is the same network, byte for byte the same every time.

The folder is written beside its place and moved there when it is whole: nobody finds half a network.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from everlit.grid.model import Network
from everlit.kernel import Finding, Refusal, Text

FORMATS = ("csv", "parquet")


class UnableToWriteNetwork(Refusal):
    """The folder cannot take the network."""

    title = Text(en="The network could not be written.", zh="无法写出网络。")


def write_network(network: Network, folder: str | Path, *, format: str = "csv") -> Path:  # noqa: A002
    """Write `network.json` and one file per table that has rows into a new or empty folder; returns the folder.

    Raises UnableToWriteNetwork when something stands there already (nothing is overwritten) or for another format.
    """
    folder = Path(folder).resolve()
    if format not in FORMATS:
        say = Text(en=f"{format!r} is none of {', '.join(FORMATS)}.", zh=f"格式“{format}”不是 {'、'.join(FORMATS)}。")
        raise UnableToWriteNetwork(Finding("format.unknown", format, say))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        say = Text(en=f"{folder} is there already and not empty.", zh=f"{folder} 已存在且非空。")
        raise UnableToWriteNetwork(Finding("folder.occupied", str(folder), say))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
        whole = Path(beside) / "network"
        whole.mkdir()
        _write_all(network, whole, format)
        if folder.exists():
            folder.rmdir()
        whole.rename(folder)
    return folder


def _write_all(network: Network, folder: Path, ending: str) -> None:
    for name, table in network.tables.items():
        if table.num_rows:
            _write_table(table, folder / f"{name}.{ending}")
    manifest = {"name": network.name, "title": network.title.as_json(), **network.manifest}
    text = json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False)
    (folder / "network.json").write_text(text + "\n", "utf-8")


def _write_table(table: pa.Table, path: Path) -> None:
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(table.combine_chunks(), path, compression="zstd", store_schema=False)
        return
    filled = [name for name in table.column_names if table.column(name).null_count < table.num_rows]
    options = pyarrow.csv.WriteOptions(quoting_style="needed", quoting_header="needed")
    pyarrow.csv.write_csv(table.select(filled), path, options)
