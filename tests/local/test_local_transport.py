"""The road within one process: requests reach the face as they would through a network."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dfsubmit.local.face import MAX_BODY
from dfsubmit.local.faults import Answer, Delivery, NoFaults, Operation
from dfsubmit.local.settings import LocalSettings
from dfsubmit.local.transport import BASE_URL, LocalTransport
from dfsubmit.transport import BrokenError, Outgoing

from local_world import ACCOUNTS, SUBMIT, body, signed  # isort: skip

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


class Odd(NoFaults):
    """Delivers every answer as it was told."""

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery

    def deliver(self, operation: Operation, answer: Answer, now: datetime) -> Answer:
        _ = (operation, now)
        return replace(answer, delivery=self.delivery)


@pytest.fixture
def settings(tmp_path: Path) -> LocalSettings:
    """Return the settings of a new world."""
    return LocalSettings(home=tmp_path / "local", hdfs=tmp_path / "hdfs")


def _post(settings: LocalSettings, target: str, content: bytes = b"{}", *, sign: bool = True) -> Outgoing:
    headers = signed(settings, target) if sign else {}
    return Outgoing(method="POST", origin=BASE_URL, target=target, headers=headers, body=content, seconds=4.0)


def test_a_client_reaches_the_service_with_its_target_as_transmitted(settings: LocalSettings) -> None:
    with contextlib.closing(LocalTransport(settings, pump=False)) as transport:
        answer = transport.send(_post(settings, f"{ACCOUNTS}?a=%20b&c"))
        assert answer.status == 200
        assert json.loads(answer.body)["contents"][0]["name"] == "local"
        assert answer.headers["date"].endswith("GMT")
        assert transport.send(_post(settings, ACCOUNTS, sign=False)).status == 401


def test_a_body_that_is_too_large_is_refused(settings: LocalSettings) -> None:
    with contextlib.closing(LocalTransport(settings, pump=False)) as transport:
        assert transport.send(_post(settings, SUBMIT, b"x" * (MAX_BODY + 1))).status == 413


@pytest.mark.parametrize(
    ("delivery", "kind"),
    [
        (Delivery(cut=0), "the connection broke before the answer was complete"),
        (Delivery(cut=10), "the connection broke before the answer was complete"),
        (Delivery(delay=5.0), "no whole answer came in time"),
    ],
)
def test_a_fault_of_the_delivery_is_what_a_network_would_have_raised_and_the_app_is_there(
    settings: LocalSettings, delivery: Delivery, kind: str
) -> None:
    with contextlib.closing(LocalTransport(settings, faults=Odd(delivery), pump=False)) as transport:
        with pytest.raises(BrokenError) as caught:
            transport.send(_post(settings, SUBMIT, json.dumps(body()).encode()))
        assert caught.value.kind == kind
        assert len(transport.face.store.rows(0)) == 1


def test_an_answer_that_comes_in_time_is_not_waited_for(settings: LocalSettings) -> None:
    with contextlib.closing(LocalTransport(settings, faults=Odd(Delivery(delay=3.0)), pump=False)) as transport:
        assert transport.send(_post(settings, ACCOUNTS)).status == 200
