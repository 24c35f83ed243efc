"""What a statement says, as a hash (内容指纹): of event, nature, cause and every row, whatever the order and the store.

The same import again says the same and changes nothing; other words under the same reference are noticed.
"""

import hashlib

import numpy as np
import pyarrow as pa

from everlit.ledger.model import CAUSES, NATURES
from everlit.ledger.roster import Roster
from everlit.ledger.statement import Drafts

DIGEST = 16


def content_hashes(drafts: Drafts, roster: Roster) -> list[str]:
    """SHA-256 of each statement, hexadecimal."""
    rows = drafts.rows
    used, place = np.unique(rows.subject, return_inverse=True)
    digests = _digests(roster, used)
    word = digests.view(">u8")[:, 0][place]
    order = np.lexsort((rows.start_s, word, rows.owner))
    said = np.zeros(len(rows), np.dtype([("who", "V16"), ("start", "<i8"), ("end", "<i8")]))
    said["who"] = digests.view("V16")[:, 0][place[order]]
    said["start"], said["end"] = rows.start_s[order], rows.end_s[order]
    content, width = said.tobytes(), said.dtype.itemsize
    ends = np.searchsorted(rows.owner[order], np.arange(len(drafts) + 1)) * width
    leaves = [f"\x1f{leaf.value}" for leaf in (*NATURES, *CAUSES)]
    said_of = zip(drafts.event_ids, drafts.nature.tolist(), (drafts.cause + len(NATURES)).tolist(), strict=True)
    heads = [f"{event}{leaves[nature]}{leaves[cause]}".encode() for event, nature, cause in said_of]
    spans, view = ends.tolist(), memoryview(content)
    return [hashlib.sha256(head + view[spans[one] : spans[one + 1]]).hexdigest() for one, head in enumerate(heads)]


def _digests(roster: Roster, used: np.ndarray) -> np.ndarray:
    """A digest of kind and identity of each subject, [n, 16] bytes."""
    names = roster.ids.take(pa.array(used)).to_pylist()
    points = len(roster.points)
    whole = b"".join(
        hashlib.blake2b(name.encode(), digest_size=DIGEST, person=b"point" if row < points else b"unit").digest()
        for row, name in zip(used.tolist(), names, strict=True)
    )
    return np.frombuffer(whole, np.uint8).reshape(-1, DIGEST)
