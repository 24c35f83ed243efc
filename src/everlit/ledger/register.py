"""The register (对象登记): a number for every subject that was ever off, the same whatever network is loaded later."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from everlit.grid.columns import Ints
from everlit.grid.identities import Identities
from everlit.ledger.columns import Codes, Subjects
from everlit.ledger.model import SubjectKind

KINDS = tuple(SubjectKind)


@dataclass(frozen=True, eq=False)
class Register:
    """Subjects in the order of their numbers, [n]: number, kind (index into `KINDS`), identity."""

    numbers: Ints
    kinds: Codes
    ids: pa.Array

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def last(self) -> int:
        """The highest number given, 0 when none is."""
        return int(self.numbers.max(initial=0))

    def joined(self, later: "Register") -> "Register":
        """This register with later entries."""
        if not len(later):
            return self
        numbers, kinds = np.concatenate([self.numbers, later.numbers]), np.concatenate([self.kinds, later.kinds])
        return Register(numbers, kinds, pa.concat_arrays([self.ids, later.ids]))

    def find(self, kind: SubjectKind, ids: pa.Array) -> Ints:
        """Number of each subject, -1 for those that have none."""
        numbers, known = self._known[kind]
        return np.append(numbers, np.int32(-1))[known.rows(ids)].astype(np.int32)

    def names(self, kind: SubjectKind) -> tuple[Ints, pa.Array]:
        """Numbers and identities of one kind."""
        chosen = np.flatnonzero(self.kinds == KINDS.index(kind))
        return self.numbers[chosen], self.ids.take(pa.array(chosen))

    @cached_property
    def _known(self) -> dict[SubjectKind, tuple[Ints, Identities]]:
        named = {kind: self.names(kind) for kind in KINDS}
        return {kind: (numbers, Identities(ids)) for kind, (numbers, ids) in named.items()}


def places_of(register: Register, subjects: Subjects) -> Ints:
    """Row in `subjects` by register number; -1 for whoever is not there, or of the other kind."""
    numbers, ids = register.names(subjects.kind)
    place = np.full(register.last + 1, -1, np.int32)
    place[numbers] = Identities(subjects.ids).rows(ids)
    return place
