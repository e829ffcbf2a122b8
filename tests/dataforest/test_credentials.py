"""Where the keys come from, what is said when half of them is missing, and that the secret is shown nowhere."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

from dfsubmit.dataforest.credentials import Credentials, find_credentials
from dfsubmit.errors import CredentialsError

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = {"NCLOUD_ACCESS_KEY": "plain-access", "NCLOUD_SECRET_KEY": "plain-secret"}
SUFFIXED = {"NCLOUD_ACCESS_KEY_ID": "suffixed-access", "NCLOUD_SECRET_ACCESS_KEY": "suffixed-secret"}


def _keys(environ: dict[str, str], home: Path) -> tuple[str, str]:
    found = find_credentials(environ, home=home)
    return found.access_key, found.secret_key


def _configure(home: Path, text: str) -> None:
    folder = home / ".ncloud"
    folder.mkdir()
    (folder / "configure").write_bytes(text.encode())


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        pytest.param(PLAIN, ("plain-access", "plain-secret"), id="plain"),
        pytest.param(SUFFIXED, ("suffixed-access", "suffixed-secret"), id="suffixed"),
        pytest.param({**SUFFIXED, **PLAIN}, ("plain-access", "plain-secret"), id="both: plain wins"),
        pytest.param(
            {**SUFFIXED, "NCLOUD_ACCESS_KEY": "plain-access"},
            ("suffixed-access", "suffixed-secret"),
            id="a whole pair beats a half of the other",
        ),
        pytest.param(
            {"NCLOUD_ACCESS_KEY_ID": "a", "NCLOUD_SECRET_KEY": "s"}, ("a", "s"), id="one half of each spelling"
        ),
        pytest.param(
            {**PLAIN, "NCLOUD_SECRET_KEY": "  plain-secret\n"}, ("plain-access", "plain-secret"), id="blanks around"
        ),
        pytest.param(
            {"NCLOUD_ACCESS_KEY": "", "NCLOUD_SECRET_KEY": " ", **SUFFIXED},
            ("suffixed-access", "suffixed-secret"),
            id="blank counts as not set",
        ),
    ],
)
def test_the_environment_is_read_in_the_documented_order(
    environ: dict[str, str], expected: tuple[str, str], tmp_path: Path
) -> None:
    assert _keys(environ, tmp_path) == expected


def test_the_environment_comes_before_the_file(tmp_path: Path) -> None:
    _configure(tmp_path, "ncloud_access_key_id = file-access\nncloud_secret_access_key = file-secret\n")
    assert _keys(PLAIN, tmp_path) == ("plain-access", "plain-secret")
    assert _keys({}, tmp_path) == ("file-access", "file-secret")


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"NCLOUD_ACCESS_KEY": "a"}, "NCLOUD_SECRET_KEY"),
        ({"NCLOUD_ACCESS_KEY_ID": "a"}, "NCLOUD_SECRET_ACCESS_KEY"),
        ({"NCLOUD_SECRET_KEY": "s3cret-value"}, "NCLOUD_ACCESS_KEY"),
        ({"NCLOUD_SECRET_ACCESS_KEY": "s3cret-value"}, "NCLOUD_ACCESS_KEY_ID"),
    ],
)
def test_half_a_pair_is_an_error_that_names_the_other_half_even_if_the_file_has_both(
    environ: dict[str, str], named: str, tmp_path: Path
) -> None:
    _configure(tmp_path, "ncloud_access_key_id = a\nncloud_secret_access_key = b\n")
    with pytest.raises(CredentialsError) as caught:
        find_credentials(environ, home=tmp_path)
    assert named in caught.value.message
    assert f"set {named} too" in caught.value.tip
    assert "s3cret-value" not in caught.value.message + caught.value.tip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("ncloud_access_key_id=a\nncloud_secret_access_key=s", ("a", "s"), id="no section"),
        pytest.param("[DEFAULT]\nncloud_access_key_id = a\nncloud_secret_access_key = s", ("a", "s"), id="DEFAULT"),
        pytest.param(
            "[other]\nncloud_access_key_id=x\nncloud_secret_access_key=y\n"
            "[DEFAULT]\nncloud_access_key_id=a\nncloud_secret_access_key=s",
            ("a", "s"),
            id="DEFAULT wins over another section",
        ),
        pytest.param(
            "[mine]\nncloud_access_key_id=a\nncloud_secret_access_key=s\n"
            "[other]\nncloud_access_key_id=x\nncloud_secret_access_key=y",
            ("a", "s"),
            id="the first section that has keys",
        ),
        pytest.param(
            "ncloud_access_key_id=a\nncloud_secret_access_key=s\nncloud_access_key_id=x\n"
            "[default]\nncloud_secret_access_key=y",
            ("a", "s"),
            id="what is said first counts",
        ),
        pytest.param(
            "ncloud_access_key_id=a\nncloud_secret_access_key=s=cr=t==", ("a", "s=cr=t=="), id="= in the value"
        ),
        pytest.param(
            "\ufeff# mine\r\n; too\r\n  NCLOUD_ACCESS_KEY_ID =  'a' \r\nncloud_secret_access_key=\"s\"\r\nodd line\r\n"
            "ncloud_api_url = https://elsewhere.example\r\n",
            ("a", "s"),
            id="BOM, CRLF, comments, case, quotes, odd lines",
        ),
    ],
)
def test_the_file_is_read_with_tolerance(text: str, expected: tuple[str, str], tmp_path: Path) -> None:
    _configure(tmp_path, text)
    assert _keys({}, tmp_path) == expected


def test_the_halves_of_two_sections_are_never_put_together(tmp_path: Path) -> None:
    _configure(tmp_path, "[a]\nncloud_access_key_id = a\n[b]\nncloud_secret_access_key = s3cret-value\n")
    with pytest.raises(CredentialsError, match="has ncloud_access_key_id, but no ncloud_secret_access_key") as caught:
        find_credentials({}, home=tmp_path)
    assert "s3cret-value" not in str(caught.value)


def test_home_comes_from_the_environment_that_was_passed_in(tmp_path: Path) -> None:
    _configure(tmp_path, "ncloud_access_key_id = a\nncloud_secret_access_key = s\n")
    assert find_credentials({"HOME": str(tmp_path)}).source == str(tmp_path / ".ncloud" / "configure")
    assert find_credentials({"USERPROFILE": str(tmp_path)}).access_key == "a"


@pytest.mark.parametrize("text", [None, "", "[DEFAULT]\n", "ncloud_access_key_id =\nncloud_secret_access_key =\n"])
def test_nothing_at_all_is_an_error_that_says_what_to_set(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        _configure(tmp_path, text)
    with pytest.raises(CredentialsError) as caught:
        find_credentials({}, home=tmp_path)
    assert "NCLOUD_ACCESS_KEY" in caught.value.tip
    with pytest.raises(CredentialsError):
        find_credentials({})


def test_a_file_that_cannot_be_used_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / ".ncloud").mkdir()
    path = tmp_path / ".ncloud" / "configure"
    path.write_bytes(b"\xff\xfe\x00key")
    with pytest.raises(CredentialsError, match="not UTF-8"):
        find_credentials({}, home=tmp_path)
    path.write_bytes(b"x" * 70_000)
    with pytest.raises(CredentialsError, match="too large"):
        find_credentials({}, home=tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(CredentialsError, match="cannot be read"):
        find_credentials({}, home=tmp_path)


@pytest.mark.parametrize(
    ("access", "secret"),
    [("", "s"), ("a", ""), ("with space", "s"), ("line\nbreak", "s"), ("ключ", "s"), ("a", "s\udc80")],
)
def test_keys_that_cannot_be_sent_are_refused_when_made(access: str, secret: str) -> None:
    with pytest.raises(CredentialsError):
        Credentials(access_key=access, secret_key=secret)


def test_the_secret_is_in_no_repr_and_the_value_is_frozen() -> None:
    found = Credentials(access_key="a", secret_key="s3cret-value", source="here")
    assert "s3cret-value" not in f"{found!r} {found} {[found]}"
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301  # what was pickled a moment ago
    with pytest.raises(AttributeError):
        found.secret_key = "other"  # type: ignore[misc]  # that it is refused is the point
