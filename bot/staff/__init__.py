"""Accounts of the people behind the desk: who they are, what they may do, and what they did."""
