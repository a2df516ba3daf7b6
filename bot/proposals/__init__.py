"""Articles that agents propose from tickets they resolved, and what came of them."""
