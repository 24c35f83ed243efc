"""TLS for test servers on this machine, with the certificate of tests/cases/notices/tls."""

import ssl
from pathlib import Path

CASES = Path(__file__).resolve().parents[2] / "cases" / "notices" / "tls"


def serving(folder: Path) -> ssl.SSLContext:
    """The side of the server; the PEM files are written into `folder`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_pem("CERTIFICATE", "certificate", folder), _pem("PRIVATE KEY", "key", folder))
    return context


def trusting(folder: Path) -> ssl.SSLContext:
    """The side of a client that trusts this certificate alone."""
    return ssl.create_default_context(cafile=str(_pem("CERTIFICATE", "certificate", folder)))


def _pem(label: str, name: str, folder: Path) -> Path:
    body = (CASES / f"localhost.{name}.base64").read_text(encoding="ascii")
    path = folder / f"{name}.pem"
    path.write_text(f"-----BEGIN {label}-----\n{body}-----END {label}-----\n", encoding="ascii")
    return path
