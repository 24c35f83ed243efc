"""The gate's own import contract finds what it must find: shown on a package written for the purpose."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

CONFIG = """\
[importlinter]
root_packages = ["shop"]
contract_types = ["only_from: scripts.contracts.OnlyFromContract"]

[[importlinter.contracts]]
name = "rules know no database"
type = "only_from"
guarded = ["shop.database.**"]
importers = ["shop.*.store"]
"""

PROGRAM = """\
import sys
sys.path[:0] = sys.argv[1:3]
from importlinter.cli import lint_imports
sys.exit(lint_imports("lint.toml", no_cache=True))
"""


def lint(folder: Path, *, rule: str) -> subprocess.CompletedProcess[str]:
    files = {
        "shop/__init__.py": "",
        "shop/database/__init__.py": "",
        "shop/database/engine.py": "x = 1",
        "shop/database/pool.py": "from shop.database import engine",
        "shop/orders/__init__.py": "",
        "shop/orders/store.py": "from shop.database import engine",
        "shop/orders/rule.py": rule,
        "lint.toml": CONFIG.replace("[importlinter", "[tool.importlinter").replace(
            "[[importlinter", "[[tool.importlinter"
        ),
    }
    for name, body in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body)
    command = [sys.executable, "-c", PROGRAM, str(folder), str(ROOT)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_store_may(tmp_path):
    done = lint(tmp_path, rule="x = 2")
    assert done.returncode == 0, done.stdout + done.stderr


def test_rule_may_not(tmp_path):
    done = lint(tmp_path, rule="\nfrom shop.database import engine")
    assert done.returncode == 1, done.stderr
    assert "shop.orders.rule (line 2) may not import shop.database.engine" in done.stdout


def test_rule_may_not_through_the_package(tmp_path):
    done = lint(tmp_path, rule="import shop.database")
    assert done.returncode == 1
    assert "shop.orders.rule (line 1) may not import shop.database" in done.stdout
