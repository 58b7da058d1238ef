"""Files of a case: bytes unchanged, named by their hash, known by random ids; what they are is read from the bytes."""

from engine.evidence.keeping import file_of, read, sound
from engine.evidence.records import attach, find, manifest, of_case, purge_unclaimed, store
from engine.evidence.sniffing import ACCEPTED, honest_name

__all__ = [
    "ACCEPTED",
    "attach",
    "file_of",
    "find",
    "honest_name",
    "manifest",
    "of_case",
    "purge_unclaimed",
    "read",
    "sound",
    "store",
]
