"""Where packages come from: whatever this machine's pip is told, uv and npm are told too.

The repository holds no registry address. pip reads its configuration from files and the environment; uv does not read
pip's files, so the answer of `pip config list` is handed over in uv's own variables.
"""

import ast
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

SYSTEM_CERTIFICATES = (
    Path("/etc/ssl/certs/ca-certificates.crt"),
    Path("/etc/pki/tls/certs/ca-bundle.crt"),
    Path("/etc/ssl/cert.pem"),
)


def pip_settings(python: Path) -> dict[str, str]:
    """Pip's settings by name, `global` first, then `install`, then the environment, as pip itself ranks them."""
    listing = subprocess.run(
        [python, "-m", "pip", "config", "list", "--disable-pip-version-check"],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ).stdout
    return read_settings(listing)


def read_settings(listing: str) -> dict[str, str]:
    """Read what `pip config list` prints.

    >>> read_settings("global.index-url='https://a.example/index'\\n:env:.index-url='https://b.example/index'")
    {'index-url': 'https://b.example/index'}
    """
    rank = {"global": 0, "install": 1, "download": -1, ":env:": 2}
    found: dict[str, tuple[int, str]] = {}
    for line in listing.splitlines():
        name, equals, value = line.partition("=")
        section, _, key = name.strip().rpartition(".")
        if not equals or rank.get(section, -1) < found.get(key, (0, ""))[0] or section not in rank:
            continue
        try:
            found[key] = (rank[section], str(ast.literal_eval(value)))
        except (ValueError, SyntaxError):
            found[key] = (rank[section], value)
    return {key: value for key, (_, value) in found.items()}


def uv_variables(settings: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Translate pip's settings into uv's variables; what the caller already set for uv stays.

    Every file is checked against the hash in the lock, so looking through all indexes for it is safe.

    >>> uv_variables({"index-url": "https://a.example/index", "timeout": "60"}, {})["UV_DEFAULT_INDEX"]
    'https://a.example/index'
    """
    wanted = {
        "UV_DEFAULT_INDEX": settings.get("index-url"),
        "UV_INDEX": " ".join(settings.get("extra-index-url", "").split()),
        "UV_FIND_LINKS": ",".join(settings.get("find-links", "").split()),
        "UV_NO_INDEX": "1" if settings.get("no-index", "").lower() in {"1", "true", "yes", "on"} else None,
        "UV_INSECURE_HOST": " ".join(settings.get("trusted-host", "").split()),
        "UV_HTTP_TIMEOUT": settings.get("default-timeout") or settings.get("timeout") or "180",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_SYSTEM_CERTS": "1",
        "SSL_CERT_FILE": settings.get("cert"),
        "ALL_PROXY": settings.get("proxy"),
    }
    return {name: value for name, value in wanted.items() if value and not environment.get(name)}


def certificates(settings: Mapping[str, str]) -> Path | None:
    """The file of certificates the machine trusts, for tools that carry their own list instead of asking the system."""
    named = (settings.get("cert"), os.environ.get("SSL_CERT_FILE"), os.environ.get("REQUESTS_CA_BUNDLE"))
    for path in [*(Path(name) for name in named if name), *SYSTEM_CERTIFICATES]:
        if path.is_file():
            return path
    return None
