"""Macros that agents apply by one click, and rules that do the same things by themselves."""
