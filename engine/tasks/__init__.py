"""What people do with their work: claim, release, transfer, delegate, complete. Rows are opened by ``instances``."""

from engine.tasks.assigning import claim, delegate, people_for, release, send_back, transfer
from engine.tasks.completing import complete, save_draft
from engine.tasks.drafts import Draft, draft_for
from engine.tasks.finding import stands_still

__all__ = [
    "Draft",
    "claim",
    "complete",
    "delegate",
    "draft_for",
    "people_for",
    "release",
    "save_draft",
    "send_back",
    "stands_still",
    "transfer",
]
