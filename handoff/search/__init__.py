"""Finding tickets, customers and what was said, by words."""
