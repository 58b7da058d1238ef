"""``create_app(settings)``: what is plugged in where, nothing else."""

from __future__ import annotations

from importlib import import_module

from flask import Flask

from engine.settings import Settings
from engine.storage import Database
from web import asked, bundles, context, doors, errors, login, maps, navigation, security, widgets, wording
from web.pages import PAGES


def create_app(settings: Settings | None = None, database: Database | None = None) -> Flask:
    """The web application. Opens ``settings.database_url`` unless a database is given.

    Raises:
        RuntimeError: a route does not say what it needs.
    """
    settings = settings or Settings.from_environment()
    app = Flask("web")
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    context.init_app(app, settings, database or Database(settings.database_url, settings=settings))
    asked.init_app(app)
    security.init_app(app, settings)
    login.init_app(app)
    wording.init_app(app, settings)
    bundles.init_app(app)
    navigation.init_app(app)
    widgets.init_app(app)
    maps.init_app(app)
    errors.init_app(app)
    for name in PAGES:
        module = import_module(f"web.pages.{name}")
        app.register_blueprint(module.door)
    doors.check(app)
    return app
