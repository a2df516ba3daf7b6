"""Known incidents: what the bot says first to whoever asks about what is out of order."""
