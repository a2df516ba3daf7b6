"""Service level: what was promised for a ticket, whether it is kept, and what happens when it is not."""
