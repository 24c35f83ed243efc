"""A channel that keeps failing is left alone for a while (熔断): closed ─ n failures in a row ─► open ─ rest ─► one try.

>>> breaker = Breaker()
>>> for _ in range(3):
...     breaker = breaker.after(ok=False, now_s=100, failures=3, rest_s=60)
>>> breaker.allows(130), breaker.allows(160), breaker.trial(160)
(False, True, True)
>>> breaker.after(ok=True, now_s=161, failures=3, rest_s=60).allows(161)
True
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Breaker:
    """Failures in a row, and until when the channel rests (0: it does not)."""

    failed: int = 0
    until_s: float = 0.0

    def allows(self, now_s: float) -> bool:
        """True when the channel may be used."""
        return now_s >= self.until_s

    def trial(self, now_s: float) -> bool:
        """True when only one message may try it: it has rested and nothing has gone well since."""
        return self.until_s > 0 and self.allows(now_s)

    def after(self, *, ok: bool, now_s: float, failures: int, rest_s: float) -> "Breaker":
        """The breaker after one more answer: a refusal is an answer too, silence is none."""
        if ok:
            return Breaker()
        failed = self.failed + 1
        return Breaker(failed, now_s + rest_s if failed >= failures else 0.0)
