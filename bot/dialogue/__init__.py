"""Talking to Rasa, an unreliable and untrusted dependency, and doing without it."""
