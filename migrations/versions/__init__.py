"""Numbered ``NNNN_verb_what.py``; one head; each says why."""
