"""Mails: queued in the step that makes them necessary, sent after its commit."""
