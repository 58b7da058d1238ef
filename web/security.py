"""Headers, the cross-site token, rate limits, the secret key."""

from __future__ import annotations

import os
import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from engine.settings import Settings

csrf = CSRFProtect()
limiter = Limiter(get_remote_address, headers_enabled=False)
LOGIN_LIMIT = "20 per minute"
"""Wrong or right, of one name from one address."""
ADDRESS_LIMIT = "300 per minute; 3000 per hour"
"""A whole office may stand behind one address."""
UPLOAD_LIMIT = "120 per minute"


def name_and_address() -> str:
    """Whom a login is counted for."""
    return f"{get_remote_address()} {request.form.get('username', '').strip().lower()[:80]}"


def init_app(app: Flask, settings: Settings) -> None:
    """Plug everything in that stands between the outside and the pages."""
    secure = settings.secure_cookies
    app.config.update(
        SECRET_KEY=_secret_key(settings),
        SESSION_COOKIE_NAME="__Host-cityloop" if secure else "cityloop",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=settings.max_upload_mb * 1024 * 1024 * 4,
        MAX_FORM_MEMORY_SIZE=2_000_000,
        MAX_FORM_PARTS=3000,
        WTF_CSRF_TIME_LIMIT=None,
        RATELIMIT_STORAGE_URI=settings.rate_limit_storage,
        SEND_FILE_MAX_AGE_DEFAULT=365 * 24 * 3600,
    )
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    csrf.init_app(app)
    limiter.init_app(app)
    app.before_request(_refuse_broken_addresses)
    tiles = _tile_host(settings)

    @app.after_request
    def headers(response: Response) -> Response:
        return _add_headers(response, secure, tiles)


def _refuse_broken_addresses() -> None:
    """No address of ours holds a NUL; a database could not even compare with one."""
    if any("\0" in value for value in request.args.values()):
        abort(400)


def style_nonce() -> str:
    """For the workbench's editors, which write style elements: allows them on this page."""
    if "style_nonce" not in g:
        g.style_nonce = secrets.token_urlsafe(16)
    return str(g.style_nonce)


def _tile_host(settings: Settings) -> str:
    if not settings.map_tiles:
        return ""
    parts = urlsplit(settings.map_tiles)
    return f" {parts.scheme}://{parts.netloc.replace('{s}', '*')}" if parts.netloc else ""


def _add_headers(response: Response, secure: bool, tiles: str) -> Response:
    styles = "style-src 'self'"
    if "style_nonce" in g:
        styles = f"style-src 'self' 'nonce-{g.style_nonce}'; style-src-attr 'unsafe-inline'"
    response.headers.setdefault(
        "Content-Security-Policy",
        f"default-src 'none'; script-src 'self'; {styles}; img-src 'self' data: blob:{tiles}; font-src 'self'; "
        "connect-src 'self'; media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    )
    for name, value in {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }.items():
        response.headers.setdefault(name, value)
    if secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _secret_key(settings: Settings) -> str:
    """The configured key, else one made once and kept in the data folder."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.data_dir / "secret_key"
    if path.exists():
        return path.read_text().strip()
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_hex(32))
    try:
        os.link(fresh, path)  # Whole at once, and only the first of several server processes succeeds.
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return path.read_text().strip()
