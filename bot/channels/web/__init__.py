"""The chat widget's channel: sessions, sending, reading by sequence number, and a live socket."""
