"""The spool (信号缓存): what has arrived stands on disk before anybody is told so, and needs no database for it.

    spool/
      identity                     whose sequence numbers these are
      lock                         one writer at a time, of whatever process
      00000000000000000001.log     a segment, named after its first sequence number
      00000000000000004711.log     the newest one grows

A line is `length CRC-32 sequence JSON`. Writers that wait together share one write and one fsync (group commit), and are
answered after it. A line cut off by a crash was acknowledged to nobody and is cut away by the next writer; a damaged line
is left where it is, and its number is missed.
"""

import fcntl
import os
import secrets
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from threading import Lock

from everlit.faults.spool_lines import line_of, lines_of
from everlit.kernel import Finding, Refusal, Text

SEGMENT_BYTES = 8 * 1024 * 1024


class UnableToAccept(Refusal):
    """The disk does not take what arrived: nothing was accepted, the sender keeps it."""

    title = Text(en="Not accepted: keep it and send it again.", zh="未接收:请保留并重新发送。")


@dataclass(slots=True)
class _Batch:
    """What one writer waits for."""

    bodies: Sequence[bytes]
    first: int = 0
    done: bool = False
    error: OSError | None = None


@dataclass(frozen=True, slots=True)
class Spooled:
    """Records read back, in order, and how many numbers among them are missing: damaged, or swept away."""

    records: tuple[tuple[int, bytes], ...]
    missing: int

    @property
    def last(self) -> int:
        """The last sequence number read; 0 when there was nothing."""
        return self.records[-1][0] if self.records else 0


@dataclass(eq=False)
class Spool:
    """A folder of segments. Nothing is touched before the first use; threads and processes may share the folder."""

    folder: Path
    segment_bytes: int = SEGMENT_BYTES
    _queue: deque[_Batch] = field(default_factory=deque)
    _commit: Lock = field(default_factory=Lock)
    _file: int = -1
    _segment: int = 0
    _size: int = 0
    _next: int = 1
    _cursor: tuple[int, int, int] = (0, 0, 0)
    """Where reading stopped: after which number, in which segment, at which byte."""

    def append(self, bodies: Sequence[bytes]) -> range:
        """Keep records (JSON without line breaks) and return their sequence numbers once they are safe on disk.

        Raises UnableToAccept when the disk is full, read-only or gone; nothing of the batch counts as kept then.
        """
        mine = _Batch(bodies)
        self._queue.append(mine)
        with self._commit:
            if not mine.done:
                self._write_waiting()
        if mine.error is not None:
            raise _unavailable(self.folder, mine.error) from mine.error
        return range(mine.first, mine.first + len(bodies))

    def committed(self) -> int:
        """The last sequence number that is safe on disk; raises UnableToAccept when the folder cannot be used."""
        try:
            with self._commit, self._locked():
                self._catch_up()
                return self._next - 1
        except OSError as error:
            raise _unavailable(self.folder, error) from error

    def identity(self) -> str:
        """Whose sequence numbers these are: a word made with the folder; raises UnableToAccept."""
        self.committed()
        return (self.folder / "identity").read_text(encoding="ascii")

    def read(self, *, after: int, most: int) -> Spooled:
        """Up to `most` records behind a sequence number, only such as are safe on disk; raises UnableToAccept."""
        found: list[tuple[int, bytes]] = []
        for number, body, cursor in self._lines(after, self.committed()):
            found.append((number, body))
            self._cursor = cursor
            if len(found) == most:
                break
        last = found[-1][0] if found else after
        return Spooled(tuple(found), last - after - len(found))

    def _lines(self, after: int, end: int) -> Iterator[tuple[int, bytes, tuple[int, int, int]]]:
        """Number and body of the records behind a number and up to another, each with where reading goes on."""
        numbers = self._segments()
        begin = max((index for index, first in enumerate(numbers) if first <= after + 1), default=0)
        for segment in numbers[begin:]:
            offset = self._cursor[2] if self._cursor[:2] == (after, segment) else 0
            for number, body, stop in lines_of(_content(self.folder / _name(segment), offset)):
                if after < number <= end:
                    yield number, body, (number, segment, offset + stop)

    def sweep(self, *, through: int, before: float) -> int:
        """Remove segments whose records all stand at or below a number and were written before an instant, in seconds
        since 1970; the newest stays. Returns how many."""
        numbers, swept = self._segments(), 0
        for first, following in pairwise(numbers):
            path = self.folder / _name(first)
            if following - 1 <= through and path.stat().st_mtime < before:
                path.unlink()
                swept += 1
        return swept

    # --------------------------------------------------------------------------------------- one writer at a time

    def _write_waiting(self) -> None:
        """Write whatever waits, together; whoever waited is told."""
        batches: list[_Batch] = []
        while self._queue:
            batches.append(self._queue.popleft())
        try:
            with self._locked():
                self._catch_up()
                self._write(batches)
        except OSError as error:
            for batch in batches:
                batch.error = error
        for batch in batches:
            batch.done = True

    def _write(self, batches: Sequence[_Batch]) -> None:
        if self._size >= self.segment_bytes:
            self._begin(self._next)
        lines, number = [], self._next
        for batch in batches:
            batch.first = number
            for body in batch.bodies:
                lines.append(line_of(number, body))
                number += 1
        content = b"".join(lines)
        try:
            _written(self._file, content)
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(content)
        self._next = number

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Alone among all processes that use the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _catch_up(self) -> None:
        """Stand at the end of the newest segment, whoever wrote it; a line a crash cut off is cut away."""
        numbers = self._segments()
        if not numbers:
            self._named()
            self._begin(1)
        elif self._file < 0 or numbers[-1] != self._segment or os.fstat(self._file).st_nlink == 0:
            self._open(numbers[-1], os.O_RDWR | os.O_APPEND)
        size = os.fstat(self._file).st_size
        if size == self._size:
            return
        content, following, known = _content(self.folder / _name(self._segment), self._size), self._next, 0
        for number, _, stop in lines_of(content):
            following, known = number + 1, stop
        end = content.rfind(b"\n") + 1
        if end < len(content):
            os.ftruncate(self._file, self._size + end)
        os.fsync(self._file)
        self._size, self._next = self._size + end, following + content.count(b"\n", known)

    def _begin(self, first: int) -> None:
        """A new segment, which a crash leaves whole or not at all."""
        self._open(first, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        _sync_folder(self.folder)

    def _open(self, first: int, flags: int) -> None:
        opened = os.open(self.folder / _name(first), flags, 0o600)
        if self._file >= 0:
            os.close(self._file)
        self._file, self._segment, self._size, self._next = opened, first, 0, first

    def _named(self) -> None:
        """Give a new folder its identity."""
        fresh = self.folder / "identity.new"
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            _written(handle, secrets.token_hex(8).encode())
            os.fsync(handle)
        finally:
            os.close(handle)
        fresh.replace(self.folder / "identity")

    def _segments(self) -> list[int]:
        """First numbers of the segments, ascending."""
        return sorted(int(path.stem) for path in self.folder.glob("*.log"))


def _name(first: int) -> str:
    return f"{first:020d}.log"


def _content(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read()


def _written(file: int, content: bytes) -> None:
    """All of it: the system may take less than it is given."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(file, rest) :]


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unavailable(folder: Path, error: OSError) -> UnableToAccept:
    why = error.strerror or type(error).__name__
    words = Text(
        en=f"Not accepted, the spool {folder} cannot be used: {why}.", zh=f"未接收,信号缓存 {folder} 不可用:{why}。"
    )
    return UnableToAccept(Finding("signals.spool.unavailable", folder.name, words))
