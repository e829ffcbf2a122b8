"""Literal values that look like credentials: where in a text they stand, and what they look like.

Two questions, both answered from the text alone. `known` finds the shapes that issuers gave their keys so that they can be
found; a hit is as good as certain. `random_for` asks whether a value under a name such as `API_KEY` looks drawn at random,
rather than chosen by a person. `secret_ranges` answers both for one line of any file, valid or not, so that a
frame of another finding shows no secret either. Values are only ever pointed at, never returned.
"""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass

_PEM = "[A-Z ]{0,40}PRIVATE KEY"
# Shapes published by their issuers. NAVER Cloud: keys issued today begin `ncp_iam_` (facts sheet, section 11).
_SHAPES: tuple[tuple[str, str], ...] = (
    ("a NAVER Cloud key", r"ncp_iam_[A-Za-z0-9]{8,}"),
    ("an AWS access key", r"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    ("a GitHub token", r"gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,}"),
    ("a GitLab token", r"glpat-[A-Za-z0-9_-]{20,}"),
    ("a Hugging Face token", r"(?:hf|api_org)_[A-Za-z0-9]{30,}"),
    ("a Slack token", r"xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}"),
    ("a Google API key", r"AIza[A-Za-z0-9_-]{35}"),
    ("an API key", r"sk-[A-Za-z0-9_-]{20,}"),
    ("a private key", rf"-----BEGIN {_PEM}-----(?:(?:[^-]|-(?!----)){{0,10000}}-----END {_PEM}-----|[^\"'\r\n]*)"),
    ("a signed token (JWT)", r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
    ("a password in a URL", r"(?<=://)[^\s/@:'\"]{1,80}:[^\s/@'\"$]{3,80}(?=@)"),
)
# What every shape has in it: looking for these first is many times faster than the shapes.
_HINTS = (
    *("ncp_iam_", "AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "hf_", "api_org_"),
    *("xox", "xapp-", "AIza", "sk-", "PRIVATE", "eyJ", "://"),
)
_TELLING_WORDS = ("secret", "token", "passw", "passphrase", "key", "credential")
_TELLING = f"(?:{'|'.join(_TELLING_WORDS)})"
# `API_KEY: value`, `--api-key value`, `token=value`; bounded, so that a hostile line costs linear time.
_NAMED = rf"(?i){_TELLING}[\w.-]{{0,40}}[\"']?(?:\s{{0,4}}[:=]\s{{0,4}}|\s{{1,4}})[\"']?([^\s,}}\"']{{8,400}})"
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
# Base64, with its slashes, that mixes all it can; names of files in folders have fewer different letters.
_BASE64 = r"(?=.*[0-9])(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9+/]+={0,2}"
_SHORTEST_BASE64 = 32
_BASE64_BITS = 4.5
# What is meant to be seen by everyone.
_PUBLIC_KEYS = ("ssh-", "ecdsa-sha2-", "sk-ssh-")
# A word of a person rarely mixes letters and digits for so long; and a random one has this much entropy.
_SHORTEST_RANDOM = 12
SHORTEST_SECRET = 8
_LEAST_BITS = 3.0
_PASSWORD_KINDS = 3
MASK = "********"
# So many characters tell whether a text is random.
_LOOKED_AT = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """A stretch `start:end` of a text that looks like a credential, and what it looks like."""

    what: str
    start: int
    end: int


@functools.cache
def _shapes() -> re.Pattern[str]:
    body = "|".join(f"(?P<s{number}>{pattern})" for number, (_, pattern) in enumerate(_SHAPES))
    return re.compile(rf"(?:(?<![A-Za-z0-9])|(?=ncp_iam_))(?:{body})")


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def may_hold(source: str) -> bool:
    """Tell whether anything in a YAML source could be found here; in doubt yes. Costs next to nothing."""
    return "\\" in source or has_hint(source) or is_telling(source)


def known(text: str) -> Leak | None:
    """Return the first stretch of `text` with the shape of an issued key."""
    if not has_hint(text) or not (match := _shapes().search(text)):
        return None
    what = _SHAPES[int(str(match.lastgroup)[1:])][0]
    return Leak(what=what, start=match.start(), end=match.end())


def random_for(name: str, value: str) -> bool:
    """Tell whether `value` under `name` looks like a secret: the name says so and the value looks drawn at random."""
    return len(value) >= SHORTEST_SECRET and is_telling(name) and _is_secret(name, value)


def named(text: str) -> Leak | None:
    """Return the first random-looking value in `text` that follows a name such as `--api-key` or `token=`."""
    if not is_telling(text):
        return None
    for match in _compiled(_NAMED).finditer(text):
        if _is_random(match[1]):
            return Leak(what="a secret", start=match.start(1), end=match.end(1))
    return None


def secret_ranges(line: str) -> list[tuple[int, int]]:
    """Return the stretches of one line of a file that no output may show."""
    ranges = [match.span() for match in _shapes().finditer(line)] if has_hint(line) else []
    if is_telling(line):
        ranges += [match.span(1) for match in _compiled(_NAMED).finditer(line) if _is_secret(match[0], match[1])]
    return ranges


def masked(text: str) -> str:
    """Return `text` with every stretch that looks like a credential replaced by asterisks."""
    for start, end in sorted(secret_ranges(text), reverse=True):
        text = f"{text[:start]}{MASK}{text[end:]}"
    return text


def without_keys(text: str) -> str:
    """Return `text`, a message of ours, with every stretch that has the shape of an issued key replaced by asterisks."""
    return _shapes().sub(MASK, text) if has_hint(text) else text


def has_hint(text: str) -> bool:
    """Tell whether `text` may hold a key by its shape (`known`); in doubt yes."""
    for hint in _HINTS:  # noqa: SIM110  # asked of every text, and twice as fast as any()
        if hint in text:
            return True
    return False


def is_telling(text: str) -> bool:
    """Tell whether a word for a secret is in `text`, such as a name or a whole source."""
    folded = text.casefold()
    for word in _TELLING_WORDS:  # noqa: SIM110  # as above
        if word in folded:
            return True
    return False


def _is_secret(name: str, value: str) -> bool:
    return _is_random(value) or ("passw" in name.casefold() and _is_password(value))


def _is_random(value: str) -> bool:
    """Tell whether `value` looks drawn at random: one long piece that mixes letters and digits, with high entropy."""
    if "://" in value or "${" in value or value.startswith(("/", "./", "~", *_PUBLIC_KEYS)):
        return False
    if len(value) >= _SHORTEST_BASE64 and _compiled(_BASE64).fullmatch(value) and _bits(value) >= _BASE64_BITS:
        # Its slashes part it into pieces that say little each.
        return True
    if _compiled(_UUID).fullmatch(value):
        return True
    pieces = re.split(r"[-_.:/\\]", value[:_LOOKED_AT])
    return any(_mixed(piece) and _bits(piece) >= _LEAST_BITS for piece in pieces)


def _mixed(piece: str) -> bool:
    digits = sum(character.isdigit() for character in piece)
    return len(piece) >= _SHORTEST_RANDOM and digits > 0 and any(character.isalpha() for character in piece)


def _is_password(value: str) -> bool:
    """Tell whether `value` has the mixture that password rules ask for."""
    kinds = (str.islower, str.isupper, str.isdigit, lambda one: not one.isalnum())
    present = sum(any(kind(character) for character in value) for kind in kinds)
    return len(value) >= SHORTEST_SECRET and present >= _PASSWORD_KINDS and not value.startswith(("/", "${", "<"))


def _bits(text: str) -> float:
    """Return the Shannon entropy of `text`, in bits per character."""
    shares = [text.count(character) / len(text) for character in set(text)]
    return -sum(share * math.log2(share) for share in shares)
