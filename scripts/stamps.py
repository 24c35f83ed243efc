"""Remember what is already done, so that a second run starts in seconds.

A stamp is a small file that holds the hash of everything a step depended on. It is removed before the step begins and
written after it succeeded: an interrupted step is simply done again.
"""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from scripts.progress import say

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"


def digest(*parts: str | Path) -> str:
    """Hash texts and the contents of files, together with the folder the repository stands in.

    A virtual environment does not survive being moved, so a moved repository sets itself up again.
    """
    total = hashlib.sha256(str(ROOT).encode())
    for part in parts:
        total.update(b"\0" + (part.read_bytes() if isinstance(part, Path) else part.encode()))
    return total.hexdigest()


def digest_tree(folders: Iterable[Path], *, skip: frozenset[str] = frozenset({"node_modules", "__pycache__"})) -> str:
    """Hash names and contents of all files below the folders."""
    total = hashlib.sha256()
    for folder in folders:
        for place, below, names in os.walk(folder):
            below[:] = sorted(name for name in below if name not in skip)
            for name in sorted(names):
                path = Path(place, name)
                total.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def holds(stamp: Path, wanted: str) -> bool:
    """Whether the stamp says that exactly this was done."""
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted


@contextlib.contextmanager
def stamped(stamp: Path, wanted: str) -> Iterator[None]:
    """Do a step whose stamp is written only when it succeeds."""
    stamp.unlink(missing_ok=True)
    yield
    stamp.parent.mkdir(parents=True, exist_ok=True)
    fresh = stamp.with_suffix(".new")
    fresh.write_text(wanted, encoding="utf-8")
    fresh.replace(stamp)


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let only one `./run` set things up; a second one waits and says so."""
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another ./run is setting things up; waiting for it …")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
