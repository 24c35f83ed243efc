"""Everlit 长明: open software for electricity distribution utilities that compute before they cut (先算后停)."""

__version__ = "0.1.0"
