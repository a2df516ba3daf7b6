"""How the bot gets better from what customers wrote: reviewed messages, training, and which model serves."""
