"""Places as a page shows them: districts' outlines, tiles where the city has them, names as the reader knows them."""

from __future__ import annotations

from typing import Any

from flask import Flask, g
from sqlalchemy import select

from engine.forms import Node
from engine.storage import Area, AreaLevel, Case
from web import context
from web.wording import language, named


def init_app(app: Flask) -> None:
    """Give templates ``map_setting`` and ``has_map``, and the filter ``area_named``."""
    app.jinja_env.filters.update(area_named=area_named)
    app.jinja_env.globals.update(map_setting=map_setting, has_map=has_map)


def area_named(name: str) -> str:
    """A district, street or community in the reader's language; cases keep the Chinese name."""
    if not name or language() == "zh":
        return name
    if "area_names" not in g:
        known = select(Area.name, Area.name_en).where(Area.name_en != "")
        g.area_names = {row.name: row.name_en for row in context.session().execute(known)}
    return str(g.area_names.get(name, name))


def has_map(nodes: list[Node]) -> bool:
    """Whether a form shows a point."""
    return any(
        node.type == "point" or has_map(node.children) or any(has_map(row) for row in node.rows) for node in nodes
    )


def map_setting(case: Case | None = None) -> dict[str, Any]:
    """Outlines as GeoJSON, labelled in the reader's language; the tile address; where the case of the page lies."""
    rows = context.session().scalars(
        select(Area).where(Area.level == AreaLevel.DISTRICT, Area.active, Area.geometry.is_not(None))
    )
    features = [
        {
            "type": "Feature",
            "properties": {"code": row.code, "name": row.name, "label": named(row)},
            "geometry": row.geometry,
        }
        for row in rows
    ]
    setting = {
        "tiles": context.house().settings.map_tiles,
        "areas": {"type": "FeatureCollection", "features": features},
    }
    if case is not None:
        placed = case.longitude is not None and case.latitude is not None
        setting["district"] = case.district
        setting["point"] = f"{case.longitude}, {case.latitude}" if placed else ""
    return setting
