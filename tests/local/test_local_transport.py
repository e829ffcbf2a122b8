"""The road within one process: an httpx client talks to the face as it would to a network."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from dfsubmit.local.face import MAX_BODY
from dfsubmit.local.faults import Answer, Delivery, NoFaults, Operation
from dfsubmit.local.settings import LocalSettings
from dfsubmit.local.transport import BASE_URL, LocalTransport

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


def test_a_client_reaches_the_service_with_its_target_as_transmitted(settings: LocalSettings) -> None:
    with httpx.Client(transport=LocalTransport(settings, pump=False), base_url=BASE_URL) as client:
        target = f"{ACCOUNTS}?a=%20b&c"
        answer = client.post(target, headers=signed(settings, target), content="{}")
        assert answer.status_code == 200
        assert answer.json()["contents"][0]["name"] == "local"
        assert answer.headers["date"].endswith("GMT")
        assert client.post(ACCOUNTS).status_code == 401


def test_a_body_that_is_too_large_is_refused(settings: LocalSettings) -> None:
    with httpx.Client(transport=LocalTransport(settings, pump=False), base_url=BASE_URL) as client:
        assert client.post(SUBMIT, content=b"x" * (MAX_BODY + 1)).status_code == 413


@pytest.mark.parametrize(
    ("delivery", "wanted"),
    [(Delivery(cut=0), httpx.ReadError), (Delivery(cut=10), httpx.ReadError), (Delivery(delay=5.0), httpx.ReadTimeout)],
)
def test_a_fault_of_the_delivery_is_what_a_network_would_have_raised_and_the_app_is_there(
    settings: LocalSettings, delivery: Delivery, wanted: type[Exception]
) -> None:
    transport = LocalTransport(settings, faults=Odd(delivery), pump=False)
    with httpx.Client(transport=transport, base_url=BASE_URL, timeout=4.0) as client:
        with pytest.raises(wanted):
            client.post(SUBMIT, headers=signed(settings, SUBMIT), content=json.dumps(body()))
        assert len(transport.face.store.rows(0)) == 1


def test_an_answer_that_comes_in_time_is_not_waited_for(settings: LocalSettings) -> None:
    transport = LocalTransport(settings, faults=Odd(Delivery(delay=3.0)), pump=False)
    with httpx.Client(transport=transport, base_url=BASE_URL, timeout=4.0) as client:
        assert client.post(ACCOUNTS, headers=signed(settings, ACCOUNTS)).status_code == 200
