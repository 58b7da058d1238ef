"""The workbench's deeds: open a bundle as a draft, save, go back, check, review by a second person, publish."""

from engine.drafts.editing import (
    abandon,
    import_files,
    keep_aside,
    living_draft,
    new_bundle,
    open_draft,
    restore,
    revisions,
    save,
    take_out,
)
from engine.drafts.files import files_of, published_files
from engine.drafts.findings import findings, is_blocked, outcomes
from engine.drafts.listing import Bundle, bundles
from engine.drafts.publishing import approve, override, publish, publish_due, request_review, send_back

__all__ = [
    "Bundle",
    "abandon",
    "approve",
    "bundles",
    "files_of",
    "findings",
    "import_files",
    "is_blocked",
    "keep_aside",
    "living_draft",
    "new_bundle",
    "open_draft",
    "outcomes",
    "override",
    "publish",
    "publish_due",
    "published_files",
    "request_review",
    "restore",
    "revisions",
    "save",
    "send_back",
    "take_out",
]
