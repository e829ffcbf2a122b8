"""`DataForest`: the engine that speaks the API, a thin shell around `wire`, `classify`, `reading` and `pace`.

It puts the requests together, repeats what may be repeated for as long as there is time, and hands out values. What an answer
means is decided elsewhere, without I/O. It prints nothing and puts no body of a request into a message.

Each thread that calls gets connections of its own; the TLS context is built once. A transport that is given in is shared by
all threads and must bear that. Clock, sleep and randomness are parameters, for tests that run years in milliseconds.
"""

from __future__ import annotations

import random as random_module
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dfsubmit.dataforest import classify, pace, reading, wire
from dfsubmit.dataforest.classify import Answered, Attempt, Failed
from dfsubmit.dataforest.endpoint import parse_base_url
from dfsubmit.dataforest.exchange import Exchange, Limits
from dfsubmit.dataforest.skew import ServerClock
from dfsubmit.dataforest.transports import Transports
from dfsubmit.engine import AppDetail, Container, Listing, NotSent, Outcome, Workspace
from dfsubmit.errors import CredentialsError, EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dfsubmit.dataforest.credentials import Credentials
    from dfsubmit.transport import Transport

# A submit is not begun when less than this part of its time is left before the deadline.
SHORTEST_PART = 0.5
# A read is given up after so many tries, or when so many times its timeout has passed.
READ_TRIES = 5
READ_PATIENCE = 3.0
LARGEST_LIST = 32 * 1024 * 1024
LARGEST_ANSWER = 1024 * 1024


def _utc_now() -> datetime:
    return datetime.now(UTC)


class DataForest:
    """The Data Forest service, or an emulator of it, at `base_url`, as `engine.Engine` describes.

    `account` is an id or a name; empty finds the only account by itself. `timeout_seconds` bounds one attempt as a whole.
    `proxy` is a proxy's URL (see `endpoint.proxy_for`). `requests_per_second` is a limit for all threads together; with None,
    one is learnt once the service throttles (`pace`). `on_retry` gets a line about each wait before it begins.
    `sleep` may return True to say that the program is stopping: then nothing more is tried. `transport` is closed by `close`.
    Raises UsageError for a base URL that is not allowed.
    """

    def __init__(
        self,
        *,
        base_url: str,
        credentials: Credentials,
        account: str = "",
        timeout_seconds: float = 30,
        description: str = "",
        proxy: str = "",
        requests_per_second: float | None = None,
        transport: Transport | None = None,
        on_retry: Callable[[str], None] | None = None,
        clock: Callable[[], datetime] = _utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
        random: Callable[[], float] = random_module.random,
    ) -> None:
        endpoint = parse_base_url(base_url)
        self._description = description or endpoint.base_url
        self._keys_from = credentials.source
        self._account = account
        self._timeout = timeout_seconds
        self._on_retry = on_retry
        self._clock, self._monotonic, self._sleep, self._random = clock, monotonic, sleep, random
        self._stopping = False
        self._account_id = ""
        self._account_lock = threading.Lock()
        self._pace = pace.Pace(per_second=requests_per_second, monotonic=monotonic)
        self._server_clock = ServerClock(clock)
        self._transports = Transports(
            encrypted=endpoint.scheme == "https", proxy=proxy, given=transport, monotonic=monotonic
        )
        self._endpoint = endpoint
        self._exchange = Exchange(
            endpoint=endpoint,
            credentials=credentials,
            transports=self._transports,
            pace=self._pace,
            server_clock=self._server_clock,
            clock=clock,
            monotonic=monotonic,
            rest=self._rest,
        )

    def describe(self) -> str:
        """Return where this is, for messages."""
        return self._description

    def server_now(self) -> datetime:
        """Return the service's clock, right to about a second; asks for it once if no answer was seen yet.

        Raises EngineError.
        """
        if not self._server_clock.is_known:
            attempt = self._persistent(wire.accounts_request())
            if isinstance(attempt, Failed):
                self._read(attempt, wire.LIST_ACCOUNTS)
        return self._server_clock.at(self._clock())

    def submit(self, body: Mapping[str, Any], *, deadline: datetime) -> Outcome:
        """Send one submit, as `engine.Engine.submit` says. No attempt's time goes beyond `deadline` (server time).

        An attempt that would have less than half its time is not begun; nor is any before the service's clock is known.
        Raises CredentialsError and NotOfferedError.
        """
        try:
            request = wire.submit_request(body)
            self.server_now()
        except (ValueError, TypeError):
            return NotSent(message="the request holds something that cannot be written as JSON in UTF-8")
        except EngineError as error:
            return NotSent(message=error.message)
        attempt = pace.persist(
            lambda: self._exchange.attempt(request, lambda: self._submit_limits(deadline)),
            again=classify.submit_again,
            may_wait=lambda _, seconds: self._left(deadline) - seconds >= SHORTEST_PART * self._timeout,
            wait=lambda tries, seconds, why: self._wait(request, tries, seconds, why),
            random=self._random,
        )
        concerns_all = classify.refusal(attempt)
        if concerns_all is not None:
            raise self._explained(concerns_all)
        return classify.classify(attempt)

    def room(self, most: int) -> int:
        """Return how many submits are worth having open at once; fewer than `most` while the service throttles."""
        return self._pace.room(most)

    def list_apps(self) -> Listing:
        """Return all apps of the account; the listing's time is that at which it was asked for. Raises EngineError."""
        attempt = self._persistent(wire.list_request(wire.LIST_APPS, self._find_account()))
        apps = wire.parse_apps(self._read(attempt, wire.LIST_APPS))
        began = attempt.began if isinstance(attempt, Answered) else None
        return Listing(apps=apps, server_now=self._server_clock.at(began or self._clock()))

    def get(self, app_id: str) -> AppDetail:
        """Return one app. Raises NoSuchAppError, EngineError."""
        return wire.parse_detail(self._ask(wire.id_request(wire.GET_APP, app_id)), app_id)

    def kill(self, app_id: str) -> None:
        """Ask for the end of an app; it may take a while. Raises NoSuchAppError, EngineError."""
        wire.check_kill(self._ask(wire.id_request(wire.KILL_APP, app_id)))

    def workspaces(self) -> tuple[Workspace, ...]:
        """Return the account's workspaces. Raises EngineError."""
        return wire.parse_workspaces(self._ask(wire.list_request(wire.LIST_WORKSPACES, self._find_account())))

    def read_log(self, container: Container, *, offset: int = 0) -> bytes | None:
        """Return at most `wire.LARGEST_LOG` bytes of the log from `offset` on; none at its end or before its beginning.

        Below zero, `offset` asks for so many bytes of its end.

        None where the log's URL is not of this service's own origin: the keys are for nobody else. Raises EngineError.
        """
        if not self._endpoint.is_origin_of(container.log_url):
            return None
        limits = Limits(seconds=self._timeout, size=wire.LARGEST_LOG, cut=True, skip=max(0, offset))
        attempt = self._persistent(wire.log_request(container.log_url, offset), limits)
        return reading.read_log(attempt, where=self._description)

    def close(self) -> None:
        """Let go of connections."""
        self._transports.close()

    def _ask(self, request: wire.Request) -> dict[str, Any]:
        return self._read(self._persistent(request), request.operation)

    def _read(self, attempt: Attempt, operation: str) -> dict[str, Any]:
        try:
            return reading.read(attempt, operation, where=self._description)
        except CredentialsError as error:
            raise self._explained(error) from None

    def _persistent(self, request: wire.Request, limits: Limits | None = None) -> Attempt:
        """Return the last attempt of a request that may be repeated."""
        granted = limits or Limits(seconds=self._timeout, size=LARGEST_LIST)
        patience = self._monotonic() + READ_PATIENCE * self._timeout
        return pace.persist(
            lambda: self._exchange.attempt(request, lambda: granted),
            again=lambda attempt: classify.read_again(attempt, wants_json=not request.url),
            may_wait=lambda tries, seconds: tries < READ_TRIES and self._monotonic() + seconds < patience,
            wait=lambda tries, seconds, why: self._wait(request, tries, seconds, why),
            random=self._random,
        )

    def _find_account(self) -> str:
        """Return the id of the account to work with; looked up once."""
        with self._account_lock:
            if not self._account_id:
                accounts = wire.parse_accounts(self._ask(wire.accounts_request()))
                self._account_id = wire.choose_account(accounts, self._account)
            return self._account_id

    def _left(self, deadline: datetime) -> float:
        """Return the seconds before `deadline`, whatever the service's clock may show."""
        return (deadline - self._server_clock.latest()).total_seconds()

    def _submit_limits(self, deadline: datetime) -> Limits | None:
        """Return what an attempt may take that ends before `deadline`, None when that is too little."""
        left = self._left(deadline)
        if left < SHORTEST_PART * self._timeout:
            return None
        return Limits(seconds=min(self._timeout, left), size=LARGEST_ANSWER, may_send=lambda: self._left(deadline) > 0)

    def _wait(self, request: wire.Request, tries: int, seconds: float, why: classify.Again) -> bool:
        """Wait before the next try, and let the other threads wait too when the service asked for it."""
        if why.after is not None:
            self._pace.hold_back(seconds)
        if self._on_retry is not None:
            self._on_retry(f"{request.operation}: try {tries + 1} in {seconds:.1f} s; {why.reason}")
        return self._rest(seconds)

    def _rest(self, seconds: float) -> bool:
        """Sleep; return False when the program is stopping."""
        self._stopping = self._stopping or self._sleep(seconds) is True
        return not self._stopping

    def _explained(self, error: EngineError) -> EngineError:
        """Return an error about keys with where they came from and, when it is, how wrong the clock is."""
        if not isinstance(error, CredentialsError):
            return error
        offset = self._server_clock.offset.estimate
        minutes = round(abs(offset).total_seconds() / 60)
        side = "behind" if offset > timedelta(0) else "ahead of"
        source = f"; the keys are from {self._keys_from}" if self._keys_from else ""
        clock = f"; this machine's clock is {minutes} min {side} the service's" if minutes else ""
        return CredentialsError(f"{error.message}{source}{clock}", tip=error.tip)
