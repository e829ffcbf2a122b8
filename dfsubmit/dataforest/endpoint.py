"""Where the API is: what a base URL must look like, which URLs are part of it, and through which proxy it is reached. Pure.

Rules: https, or http on loopback hosts only, because a signed request in clear text can be read and its answer forged. No user
name, query or fragment. A base URL without a path gets the API's own, `/api/v2`. A proxy is taken from HTTPS_PROXY or ALL_PROXY,
unless NO_PROXY names the host; loopback hosts are never reached through one, and .netrc is never read.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from dfsubmit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_BASE_URL = "https://df.apigw.ntruss.com/api/v2"
DEFAULT_PREFIX = "/api/v2"
_PORTS = {"http": 80, "https": 443}
_SAFE_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")
_SAFE_HOST = re.compile(r"[A-Za-z0-9._:-]+")
_EXAMPLE = f"write it like {DEFAULT_BASE_URL}, or http://127.0.0.1:8080 for an emulator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A checked base URL. `prefix` is its path, without a slash at the end."""

    scheme: str
    host: str
    port: int
    prefix: str

    @property
    def origin(self) -> str:
        """Return scheme, host and, where it is not the scheme's own, port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @property
    def base_url(self) -> str:
        """Return the URL that operations are appended to."""
        return self.origin + self.prefix

    @property
    def is_loopback(self) -> bool:
        """Tell whether the host is this machine, whatever a resolver may say."""
        return is_loopback(self.host)

    def url(self, path: str) -> str:
        """Return the URL of an operation such as `aiapps/submit`."""
        return f"{self.base_url}/{path}"

    def is_origin_of(self, url: str) -> bool:
        """Tell whether `url` has the same scheme, host and port, so that a signed request may go there."""
        try:
            parts = urlsplit(url)
            port = parts.port or _PORTS.get(parts.scheme)
        except ValueError:
            return False
        plain = parts.username is None and parts.password is None and url.isascii() and url.isprintable()
        return plain and (parts.scheme, parts.hostname, port) == (self.scheme, self.host, self.port)


def is_loopback(host: str) -> bool:
    """Tell whether `host` is `localhost` or a loopback address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse_base_url(text: str) -> Endpoint:
    """Return the endpoint that `text` names. Raises UsageError that says what is wrong with it."""
    parts, port = _split(text)
    host = parts.hostname or ""
    fault = _fault(parts, host)
    if fault:
        raise UsageError(f"the base URL {fault}", tip=_EXAMPLE)
    return Endpoint(
        scheme=parts.scheme,
        host=host,
        port=port or _PORTS[parts.scheme],
        prefix=parts.path.rstrip("/") or DEFAULT_PREFIX,
    )


def _split(text: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError as error:
        raise UsageError("the base URL is not a URL", tip=_EXAMPLE) from error
    return parts, port


def _fault(parts: SplitResult, host: str) -> str:
    """Return the first thing that is wrong, empty when nothing is."""
    with_password = parts.username is not None or parts.password is not None
    faults = {
        "must begin with https://": parts.scheme not in _PORTS,
        "names no host": not _SAFE_HOST.fullmatch(host),
        "must not hold a user name or password": with_password,
        "must not hold a query or a fragment": bool(parts.query or parts.fragment),
        "has a path with characters that no API path has": not _SAFE_PATH.fullmatch(parts.path.rstrip("/")),
        f"is http://, which is allowed for this machine alone; {host} must be reached by https://": (
            parts.scheme == "http" and not is_loopback(host)
        ),
    }
    return next((fault for fault, found in faults.items() if found), "")


def proxy_for(endpoint: Endpoint, environ: Mapping[str, str]) -> str:
    """Return the URL of the proxy that `environ` wants for `endpoint`, or an empty string. Raises UsageError.

    The lower-case spelling of a variable wins over the upper-case one, as everywhere.
    """
    if endpoint.is_loopback or _is_excepted(endpoint, _variable(environ, "no_proxy")):
        return ""
    proxy = _variable(environ, "https_proxy") or _variable(environ, "all_proxy")
    if not proxy:
        return ""
    named = proxy if "://" in proxy else f"http://{proxy}"
    try:
        parts = urlsplit(named)
        usable = parts.scheme in _PORTS and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        # The value may hold a password: it is not shown.
        raise UsageError(
            "HTTPS_PROXY does not name an http:// or https:// proxy", tip="write http://HOST:PORT, or unset it"
        )
    return named


def _variable(environ: Mapping[str, str], name: str) -> str:
    return (environ.get(name) or environ.get(name.upper()) or "").strip()


def _is_excepted(endpoint: Endpoint, exceptions: str) -> bool:
    """Tell whether NO_PROXY names the host, a domain above it, or everything."""
    for exception in filter(None, (part.strip().lower() for part in exceptions.split(","))):
        domain = exception.removeprefix("*").removeprefix(".")
        if exception in {"*", f"{endpoint.host}:{endpoint.port}"}:
            return True
        if domain and (endpoint.host == domain or endpoint.host.endswith(f".{domain}")):
            return True
    return False
