"""What a map on a page needs: the districts' outlines, and tiles where the city has them."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import select

from engine.forms import Node
from engine.storage import Area, AreaLevel
from web import context


def init_app(app: Flask) -> None:
    """Give templates ``map_setting`` and ``has_map``."""
    app.jinja_env.globals.update(map_setting=map_setting, has_map=has_map)


def has_map(nodes: list[Node]) -> bool:
    """Whether a form shows a point."""
    return any(
        node.type == "point" or has_map(node.children) or any(has_map(row) for row in node.rows) for node in nodes
    )


def map_setting() -> dict[str, Any]:
    """Outlines as GeoJSON; the tile address."""
    rows = context.session().execute(
        select(Area.name, Area.geometry).where(Area.level == AreaLevel.DISTRICT, Area.geometry.is_not(None))
    )
    features = [{"type": "Feature", "properties": {"name": name}, "geometry": geometry} for name, geometry in rows]
    tiles = context.house().settings.map_tiles
    return {"tiles": tiles, "areas": {"type": "FeatureCollection", "features": features}}
