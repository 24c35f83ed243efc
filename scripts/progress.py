"""Say what is being done, with its seconds, on standard error; standard output belongs to the command's own answer.

A long step shows a sign of life every ten seconds, and the end of its output when it fails.
"""

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

HEARTBEAT_S = 10.0
TAIL_LINES = 40


class UnableToFinishStep(Exception):
    """A step of `./run` failed; the message says what to do."""


def say(message: str) -> None:
    """Write one progress line."""
    print(f"everlit ▸ {message}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a step, show that it lives, and close it with its seconds."""
    began = time.monotonic()
    over = threading.Event()

    def beat() -> None:
        while not over.wait(HEARTBEAT_S):
            say(f"  … still at it after {time.monotonic() - began:.0f} s")

    say(f"{title} …")
    heart = threading.Thread(target=beat, daemon=True)
    heart.start()
    try:
        yield
    finally:
        over.set()
        heart.join()
    say(f"  done in {time.monotonic() - began:.1f} s")


def call(
    command: Sequence[str | Path], *, cwd: Path | None = None, env: Mapping[str, str] | None = None, what: str
) -> str:
    """Run a command quietly and return its output; on failure show the end of it and raise.

    `what` is the sentence the reader sees when it fails.
    """
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words, cwd=cwd, env=env, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    except OSError as error:
        raise UnableToFinishStep(f"{what}: {words[0]} could not be started ({error})") from error
    if done.returncode:
        tail = "\n".join("    " + line for line in done.stdout.splitlines()[-TAIL_LINES:])
        raise UnableToFinishStep(f"{what} (exit {done.returncode})\n{tail}")
    return done.stdout
