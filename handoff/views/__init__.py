"""Lists of tickets that people keep under a name."""
