"""A fingerprint is the SHA-256 of a value's canonical JSON: what was computed from it can later prove from what.

>>> fingerprint({"b": 1, "a": [2.5, "长明"]}) == fingerprint({"a": [2.5, "长明"], "b": 1})
True
"""

import hashlib
import json
from typing import Any


def fingerprint(value: Any) -> str:
    """Hex digest of the canonical JSON of `value` (sorted keys, no spaces). TypeError for what JSON cannot hold."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
