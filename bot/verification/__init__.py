"""Proof of who is asking: one-time codes by mail, and one-time links to set a password."""
