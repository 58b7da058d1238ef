"""Diagrams drawn for other engines, rewritten into the native dialect, with a report of what became of everything."""
