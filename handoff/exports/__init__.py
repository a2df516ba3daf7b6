"""Transcripts as they leave the desk: put on record, provably unchanged, mailed to the customer."""
