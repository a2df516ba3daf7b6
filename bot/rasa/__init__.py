"""Rasa's own environment, its training, and its processes: made, started and watched by `up`."""
