"""The only way out of the house: named hosts only, no private addresses unless named as such, no redirects, bounded.

``CITYLOOP_OUTBOUND_HOSTS``: host names with commas; ``private:host`` may also be a private address.
"""

from __future__ import annotations

import http.client
import ipaddress
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from email.message import EmailMessage
from threading import Event, Timer
from typing import Any
from urllib.parse import urlsplit

import orjson

from engine.connectors.context import failed
from engine.errors import ExecutionFailed
from engine.settings import PARTNERS, Settings, partner_secrets

LARGEST_ANSWER = 1_000_000
LONGEST_WAIT = 30.0
"""An exchange ends after so long, well within the lease of its job."""
CARRIES_IPV4_LAST = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))
"""A translator's addresses (RFC 6052) and the old compatible ones (RFC 4291): an IPv4 address stands last."""


def request(
    settings: Settings,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout: float = 10.0,
) -> tuple[int, dict[str, str], bytes]:
    """One HTTP exchange: status, headers, body.

    Raises:
        ExecutionFailed: the address is not allowed (``not_allowed_address``), or the outside did not answer (worth
        trying again).
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise ExecutionFailed("this is no address", kind="not_allowed_address", why=str(error)) from error
    host = (parts.hostname or "").lower()
    if parts.scheme not in {"http", "https"} or not host or parts.username is not None:
        raise _refused(url, "not a web address")
    address = _checked_address(settings, host, port, url)
    timeout = max(0.1, min(float(timeout), LONGEST_WAIT))
    path = parts.path or "/"
    try:
        with _at_most(timeout) as watch:
            connection = _connection(parts.scheme, host, port, address, timeout, watch)
            with closing(connection):
                connection.request(
                    method, f"{path}?{parts.query}" if parts.query else path, body=body, headers=dict(headers or {})
                )
                answer = connection.getresponse()
                content = answer.read(LARGEST_ANSWER + 1)
    except (OSError, http.client.HTTPException) as error:
        raise failed("the outside did not answer", url=_bare(url), reason=str(error)[:300]) from error
    if len(content) > LARGEST_ANSWER:
        raise failed("the answer is too large", url=_bare(url), limit=LARGEST_ANSWER)
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content


@contextmanager
def _at_most(seconds: float) -> Iterator[Callable[[socket.socket], socket.socket]]:
    """End an exchange over the sockets it is told of when its time is over: each single read may be in time and the
    whole still outlast the lease of its job.

    Raises:
        TimeoutError: it was over.
    """
    over = Event()
    twins: list[socket.socket] = []

    def hang_up() -> None:
        over.set()
        for twin in twins:
            with suppress(OSError):
                twin.shutdown(socket.SHUT_RDWR)

    def watch(connected: socket.socket) -> socket.socket:
        # A second handle on the same connection: encryption takes the first one over.
        twins.append(connected.dup())
        if over.is_set():
            hang_up()
        return connected

    alarm = Timer(seconds, hang_up)
    alarm.daemon = True
    alarm.start()
    try:
        yield watch
    finally:
        alarm.cancel()
        alarm.join()
        for twin in twins:
            twin.close()
        if over.is_set():
            raise TimeoutError("the exchange took too long")


def _connection(
    scheme: str, host: str, port: int, address: str, timeout: float, watch: Callable[[socket.socket], socket.socket]
) -> http.client.HTTPConnection:
    """A connection to the address that was checked, not to what the name means a moment later."""
    connection: http.client.HTTPConnection
    if scheme == "https":
        connection = http.client.HTTPSConnection(host, port, timeout=timeout, context=ssl.create_default_context())
    else:
        connection = http.client.HTTPConnection(host, port, timeout=timeout)

    def connect(_: Any, timeout: Any = None, source: Any = None) -> socket.socket:
        return watch(socket.create_connection((address, port), timeout, source))

    connection._create_connection = connect  # type: ignore[attr-defined]
    return connection


def _checked_address(settings: Settings, host: str, port: int, url: str) -> str:
    allowed = {word.strip().lower() for word in settings.outbound_hosts.split(",") if word.strip()}
    private = f"private:{host}" in allowed
    if host not in allowed and not private:
        raise _refused(url, "the host is not on the list")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise failed("the host cannot be found", url=_bare(url), reason=str(error)[:300]) from error
    for *_, where in found:
        address = str(where[0])
        if private or _is_public(ipaddress.ip_address(address.split("%")[0])):
            return address
    raise _refused(url, "a private address")


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether it is one host's address in the internet, also behind the IPv6 forms that carry an IPv4 address."""
    if isinstance(address, ipaddress.IPv6Address):
        carried = address.ipv4_mapped or address.sixtofour
        if any(address in network for network in CARRIES_IPV4_LAST):
            carried = ipaddress.IPv4Address(address.packed[-4:])
        if carried is not None:
            return _is_public(carried)
    return address.is_global and not address.is_multicast


def _refused(url: str, why: str) -> ExecutionFailed:
    return ExecutionFailed("this address may not be called", kind="not_allowed_address", url=_bare(url), why=why)


def _bare(url: str) -> str:
    """Without what may be secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"[:300]


def secret(name: str) -> str:
    """The secret stored under a name (``CITYLOOP_SECRET_<NAME>``, but never ``CITYLOOP_SECRET_KEY``).

    Raises:
        ExecutionFailed: there is none (kind ``secret_missing``).
    """
    value = partner_secrets().get(f"{PARTNERS}{name.upper().replace('-', '_')}")
    if not value:
        raise ExecutionFailed("no such secret is stored", kind="secret_missing", name=name)
    return value


def send(settings: Settings, delivery_id: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """Let one notice leave the house: a mail, or a JSON POST to a webhook.

    Raises:
        ExecutionFailed: it could not be sent (worth trying again), or may not be.
    """
    if settings.sandbox:
        return {"sandbox": True}
    title, body, address = str(message["title"]), str(message["body"]), str(message["address"])
    if message["channel"] == "mail":
        send_mail(settings, address, title, body, delivery_id)
        return {"sent": True}
    content = orjson.dumps({"id": delivery_id, "title": title, "body": body})
    headers = {"Content-Type": "application/json", "Idempotency-Key": delivery_id}
    status, _, _ = request(settings, "POST", address, headers=headers, body=content)
    if status >= 400:
        raise failed("the webhook did not take it", status=status)
    return {"status": status}


def send_mail(settings: Settings, address: str, title: str, body: str, delivery_id: str) -> None:
    """One mail by the SMTP host of the settings.

    Raises:
        ExecutionFailed: it could not be sent (worth trying again).
    """
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = settings.mail_from, address, title.replace("\n", " ")
    mail["Message-ID"] = f"<{delivery_id}@cityloop>"
    mail.set_content(body or title)
    host, _, port = settings.smtp_host.partition(":")
    try:
        with _at_most(LONGEST_WAIT) as watch, smtplib.SMTP(timeout=LONGEST_WAIT) as server:
            server.connect(host, int(port or 25))
            assert server.sock is not None
            watch(server.sock)
            server.send_message(mail)
    except (OSError, smtplib.SMTPException) as error:
        raise failed("the mail could not be sent", cause=str(error)[:300]) from error
