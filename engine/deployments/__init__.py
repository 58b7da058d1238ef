"""Publishing: a bundle of files is checked whole, accepted whole or not at all, and becomes versions of definitions."""

from engine.deployments.examining import examine
from engine.deployments.publishing import deploy, publish, republish, retire
from engine.deployments.reading import NO_MORE, bundle_sha256, kind_of, load_folder, published_files
from engine.deployments.triggers import changed_conditions, fire_conditions, fire_due, wind_up_all

__all__ = [
    "NO_MORE",
    "bundle_sha256",
    "changed_conditions",
    "deploy",
    "examine",
    "fire_conditions",
    "fire_due",
    "kind_of",
    "load_folder",
    "publish",
    "published_files",
    "republish",
    "retire",
    "wind_up_all",
]
