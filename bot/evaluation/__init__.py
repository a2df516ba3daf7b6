"""How well the bot understands: cases with what should happen, what did happen, and figures of both."""
