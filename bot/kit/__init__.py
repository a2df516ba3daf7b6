"""Shared ground: database, clock, errors, ids, web plumbing. Knows nothing of customer support."""
