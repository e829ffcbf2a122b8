"""Finds the access key and the secret key, in the documented order, and keeps the secret out of sight.

Order, the first that has anything wins; a place that has half a pair is an error, never a reason to look further:

1.  Environment. Per half the spelling without a suffix comes first, as Terraform and the CLI spell it, unless only the
    other spelling makes a whole pair (the official SDKs spell it so):
      a. NCLOUD_ACCESS_KEY + NCLOUD_SECRET_KEY
      b. NCLOUD_ACCESS_KEY_ID + NCLOUD_SECRET_ACCESS_KEY
      c. one half of each spelling
    A variable that is set but blank counts as not set.
2.  `~/.ncloud/configure`: `ncloud_access_key_id` and `ncloud_secret_access_key`, before any section or in [DEFAULT], else the
    first section that has either. Both halves come from one section. A value may contain `=`.

NCLOUD_API_GW and `ncloud_api_url` name the host of other services and are not read. Keys are not judged by their shape
(facts sheet, section 11), only by whether they can stand in a header.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dfsubmit.errors import CredentialsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ACCESS_VARIABLES = ("NCLOUD_ACCESS_KEY", "NCLOUD_ACCESS_KEY_ID")
SECRET_VARIABLES = ("NCLOUD_SECRET_KEY", "NCLOUD_SECRET_ACCESS_KEY")
ACCESS_SETTING = "ncloud_access_key_id"
SECRET_SETTING = "ncloud_secret_access_key"  # noqa: S105  # the name of a setting, not a secret
FILE = Path(".ncloud", "configure")
_LARGEST_FILE = 64 * 1024
_TIP = "set NCLOUD_ACCESS_KEY and NCLOUD_SECRET_KEY, or put both keys into ~/.ncloud/configure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A pair of keys and where it was found. The secret is in no repr; do not put it anywhere else either.

    Raises CredentialsError when a half is empty or cannot be sent.
    """

    access_key: str
    secret_key: str = field(repr=False)
    source: str = ""

    def __post_init__(self) -> None:
        where = f" ({self.source})" if self.source else ""
        if not self.access_key or not self.secret_key:
            half = "access key" if not self.access_key else "secret key"
            raise CredentialsError(f"the {half} is empty{where}", tip=_TIP)
        if any(not "!" <= character <= "~" for character in self.access_key):
            raise CredentialsError(f"the access key holds characters that no key has{where}", tip="copy it once more")
        if any(not character.isprintable() for character in self.secret_key):
            raise CredentialsError(f"the secret key holds characters that no key has{where}", tip="copy it once more")


def find_credentials(environ: Mapping[str, str], *, home: Path | None = None) -> Credentials:
    """Return the keys that `environ`, or else the file under `home`, holds.

    `home` defaults to what `environ` says (HOME, on Windows USERPROFILE). Raises CredentialsError that says what is missing.
    """
    return _from_environment(environ) or _from_file(environ, home) or _nothing()


def _nothing() -> Credentials:
    raise CredentialsError("no NAVER Cloud keys were found in the environment or in ~/.ncloud/configure", tip=_TIP)


def _from_environment(environ: Mapping[str, str]) -> Credentials | None:
    access = [name for name in ACCESS_VARIABLES if environ.get(name, "").strip()]
    secret = [name for name in SECRET_VARIABLES if environ.get(name, "").strip()]
    if not access and not secret:
        return None
    if not access or not secret:
        found, missing = (access[0], SECRET_VARIABLES) if access else (secret[0], ACCESS_VARIABLES)
        raise CredentialsError(
            f"{found} is set, but neither {missing[0]} nor {missing[1]} is",
            tip=f"set {missing[ACCESS_VARIABLES.index(found) if access else SECRET_VARIABLES.index(found)]} too, "
            f"or unset {found} to use ~/.ncloud/configure",
        )
    pairs = [pair for pair in zip(ACCESS_VARIABLES, SECRET_VARIABLES, strict=True) if _both(pair, access, secret)]
    access_name, secret_name = pairs[0] if pairs else (access[0], secret[0])
    return Credentials(
        access_key=environ[access_name].strip(),
        secret_key=environ[secret_name].strip(),
        source=f"{access_name}, {secret_name}",
    )


def _both(pair: tuple[str, str], access: list[str], secret: list[str]) -> bool:
    return pair[0] in access and pair[1] in secret


def _from_file(environ: Mapping[str, str], home: Path | None) -> Credentials | None:
    folder = home if home is not None else _home(environ)
    if folder is None:
        return None
    path = folder / FILE
    text = _read(path)
    settings = _chosen(text) if text is not None else None
    if settings is None:
        return None
    for wanted in (ACCESS_SETTING, SECRET_SETTING):
        if not settings.get(wanted):
            other = SECRET_SETTING if wanted == ACCESS_SETTING else ACCESS_SETTING
            raise CredentialsError(
                f"{path} has {other}, but no {wanted} beside it", tip=f"add a line `{wanted} = …` in the same section"
            )
    return Credentials(access_key=settings[ACCESS_SETTING], secret_key=settings[SECRET_SETTING], source=str(path))


def _home(environ: Mapping[str, str]) -> Path | None:
    named = environ.get("HOME") or environ.get("USERPROFILE")
    return Path(named) if named else None


def _read(path: Path) -> str | None:
    """Return the file's text, or None when there is no such file."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
        if len(content) > _LARGEST_FILE:
            raise CredentialsError(f"{path} is too large to be a file of keys", tip=_TIP)
        return content.decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise CredentialsError(f"{path} cannot be read: {error.strerror}", tip=_TIP) from error
    except UnicodeDecodeError as error:
        raise CredentialsError(f"{path} is not UTF-8 text", tip="save it again as UTF-8") from error


def _chosen(text: str) -> Mapping[str, str] | None:
    """Return the settings of the section that the keys are taken from; None when none has a key."""
    sections: dict[str, dict[str, str]] = {"": {}}
    for section, name, value in _settings(text):
        # Sections that say the same thing twice are read as the first says: a later line never overrides.
        sections.setdefault(section, {}).setdefault(name, value)
    with_keys = [found for found in sections.values() if found.get(ACCESS_SETTING) or found.get(SECRET_SETTING)]
    return with_keys[0] if with_keys else None


def _settings(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield section, name and value of each line that sets something; [DEFAULT] is the section without a name."""
    section = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            named = line[1:-1].strip()
            section = "" if named.upper() == "DEFAULT" else named
        elif "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            yield section, name.strip().lower(), _unquoted(value.strip())


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value
