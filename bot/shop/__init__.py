"""The customer systems that Level 1 asks, orders and accounts: Protocols and the demo shop."""
