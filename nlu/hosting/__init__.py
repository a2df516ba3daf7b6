"""The process that embeds Rasa: trackers, locks, actions, the engine and its HTTP face."""
