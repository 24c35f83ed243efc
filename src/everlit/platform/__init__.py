"""The platform (平台): where facts are kept. One database (SQLite, or PostgreSQL by a URL), one append-only event log.

Only stores and services may import it; rules know nothing of it.
"""
