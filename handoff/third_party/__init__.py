"""Somebody outside the house whom a ticket waits for: who, until when, and how long it has been."""
