"""The editors' pages and their HTTP interface."""
