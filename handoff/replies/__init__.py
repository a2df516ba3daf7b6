"""Texts that agents send again and again, with variables, per language."""
