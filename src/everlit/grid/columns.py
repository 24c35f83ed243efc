"""Columns of Arrow tables as NumPy arrays (列): numbers, flags, and choices as their codes."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def floats(table: pa.Table, name: str) -> Floats:
    """A column of numbers, NaN where empty."""
    return np.asarray(table.column(name).combine_chunks().to_numpy(zero_copy_only=False), dtype=np.float64)


def flags(table: pa.Table, name: str) -> Bools:
    """A column of flags that is filled everywhere."""
    return np.asarray(table.column(name).combine_chunks().to_numpy(zero_copy_only=False), dtype=np.bool_)


def codes(table: pa.Table, name: str, choices: tuple[str, ...]) -> npt.NDArray[np.int8]:
    """A column of choices as their positions among `choices`, -1 for none of them."""
    found = pc.fill_null(pc.index_in(table.column(name), value_set=pa.array(choices)), -1)
    return np.asarray(found.combine_chunks(), dtype=np.int8)
