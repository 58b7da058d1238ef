"""Files of a case: bytes unchanged, named by their hash, known by random ids; what they are is read from the bytes."""

from engine.evidence.keeping import file_of
from engine.evidence.records import attach, find, manifest, of_case, purge_unclaimed, spoilt, store
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
    "spoilt",
    "store",
]
