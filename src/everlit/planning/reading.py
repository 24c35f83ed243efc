"""Local time of the utility, as planning names it."""

from everlit.kernel.reading import CHINA

__all__ = ["CHINA"]
