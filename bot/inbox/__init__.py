"""Customer messages taken in and not yet handled: accepted means committed, once, in order."""
