"""The fictional shop *Loja Aurora*: its customers, orders, people, page and mail box."""
