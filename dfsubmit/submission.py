"""The submits of one run of `applier`: what waits, what is in flight, what is known.

The calling thread alone writes to the ledger; worker threads only talk to the engine. Intents are written in batches no
larger than what can be sent at once, so that none waits past its deadline; outcomes that arrive together are written
together. Two changes with one hold (workspace and prefix) are never open at the same time. A stop request lets what
is in flight end and be recorded, and sends nothing new.

Nothing is decided here about what a submit's answer means (`dataforest.classify`), nor about doubts (`recover`).
"""

from __future__ import annotations

import uuid
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from dfsubmit.engine import Accepted, NotSent, Rejected, Throttled, Unknown
from dfsubmit.engine import Outcome as Answer
from dfsubmit.errors import CredentialsError, EngineError, LedgerError, NotOfferedError
from dfsubmit.holds import hold_of, sent_prefix
from dfsubmit.journal import NOTHING, AppRef, Entry, Event, Intent
from dfsubmit.ledger.base import Verdict
from dfsubmit.results import Done, Result, done_of, held_back
from dfsubmit.secret import MissingSecretError, redact, resolve_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from dfsubmit.applier import Applier
    from dfsubmit.plan import Change

# An intent's deadline, in timeouts: the request in hand and one that its worker is still busy with.
DEADLINE_TIMEOUTS = 2

# One worker in so many has its next request waiting, with its intent written, so that few stand idle while the ledger is
# written; a single worker has none.
AHEAD_OF = 2

_STOPPED = NotSent(message="stopped before it was sent")


@dataclass(kw_only=True)
class Submission:
    """The submits of one run: what waits, what is in flight, what is known."""

    applier: Applier
    pending: deque[Change]
    in_flight: dict[Future[Answer], tuple[Change, Entry]] = field(default_factory=dict)
    # Of those, the ones whose answer has come. To wait for any of many futures costs a lock of each, for every answer.
    ended: SimpleQueue[Future[Answer]] = field(default_factory=SimpleQueue)
    done: list[Done] = field(default_factory=list)
    fatal: EngineError | None = None
    # Holds that something open keeps: a submission of unknown outcome of this run, or one of another run.
    kept: set[str] = field(default_factory=set)

    def run(self) -> list[Done]:
        """Submit what waits, and return what became of it. Raises LedgerError, CredentialsError, NotOfferedError."""
        try:
            with ThreadPoolExecutor(self.applier.settings.parallelism, thread_name_prefix="submit") as pool:
                while self.in_flight or self._may_send():
                    if self._may_send() and self._room() > 0:
                        self._send_batch(pool)
                    if self.in_flight:
                        self._record_answers()
        except LedgerError as error:
            raise self._unrecorded(error) from error
        if self.fatal is not None:
            raise self.fatal
        return self.done

    def _unrecorded(self, error: LedgerError) -> LedgerError:
        """Return an error that names what was started but could not be recorded; by now all workers have ended."""
        answers = [(change, self._answer(future)) for future, (change, _) in self.in_flight.items()]
        started = [f"{change.name} as {answer.app.id}" for change, answer in answers if isinstance(answer, Accepted)]
        also = f"; started but not recorded: {', '.join(started)}" if started else ""
        tip = error.tip or "mend the ledger and run apply again: it finds what was started"
        return type(error)(f"{error.message}{also}", tip=tip)

    def _may_send(self) -> bool:
        return bool(self.pending) and self.fatal is None and not self.applier.stop.requested

    def _room(self) -> int:
        """Return how many more may be in flight: a worker each and a few ahead, and no more than the engine soon takes."""
        workers = self.applier.settings.parallelism
        return self.applier.engine.room(workers + workers // AHEAD_OF) - len(self.in_flight)

    def _send_batch(self, pool: ThreadPoolExecutor) -> None:
        """Write the intents of the next batch, and send those that were won."""
        batch = [(change, body, self._intent(change)) for change, body in self._next_batch()]
        verdicts = self.applier.ledger.append([entry for _, _, entry in batch]) if batch else ()
        for (change, body, entry), verdict in zip(batch, verdicts, strict=True):
            if verdict is Verdict.WON and entry.intent is not None:
                future = pool.submit(self._send, body, entry.intent.request, entry.intent.deadline)
                self.in_flight[future] = (change, entry)
                future.add_done_callback(self.ended.put)
            elif verdict is Verdict.LOST:
                self._finish(Done(change=change, result=Result.LOST_RACE, message="another run submits it"))
            elif entry.intent is not None:
                self.kept.add(entry.intent.hold)
                self._finish(held_back(change, entry.intent.hold))

    def _next_batch(self) -> Iterable[tuple[Change, Mapping[str, Any]]]:
        """Take changes that can be sent now or next, and no hold twice."""
        taken = {entry.intent.hold for _, entry in self.in_flight.values() if entry.intent}
        room = self._room()
        passed_over: deque[Change] = deque()
        while self.pending and room > 0:
            change = self.pending.popleft()
            prefix = sent_prefix(change, marker=self.applier.settings.marker)
            hold = hold_of(change, prefix)
            if hold in self.kept:
                self._finish(held_back(change, hold))
                continue
            if hold in taken:
                passed_over.append(change)
                continue
            try:
                body = resolve_secrets({**(change.request or {}), "namePrefix": prefix}, self.applier.environ)
            except MissingSecretError as error:
                self._finish(Done(change=change, result=Result.NOT_SENT, message=error.message))
                continue
            taken.add(hold)
            room -= 1
            yield change, body
        self.pending.extendleft(reversed(passed_over))

    def _intent(self, change: Change) -> Entry:
        sent_after = self.applier.engine.server_now()
        prefix = sent_prefix(change, marker=self.applier.settings.marker)
        place = change.place
        return Entry(
            item=change.item,
            version=change.version + 1,
            event=Event.INTENT,
            at=self.applier.now(),
            attempt=uuid.uuid4().hex,
            by=self.applier.actor,
            intent=Intent(
                request=change.request or {},
                generation=change.generation,
                source=f"{self.applier.named(place.path)}:{place.line}" if place else "",
                prefix=prefix,
                hold=hold_of(change, prefix),
                sent_after=sent_after,
                deadline=sent_after + DEADLINE_TIMEOUTS * self.applier.settings.timeout,
                engine=self.applier.settings.engine_mark,
            ),
        )

    def _send(self, body: Mapping[str, Any], request: Mapping[str, Any], deadline: datetime) -> Answer:
        """Run in a worker."""
        if self.applier.stop.requested:
            return _STOPPED
        answer = self.applier.engine.submit(body, deadline=deadline)
        if isinstance(answer, Accepted):
            return answer
        # A service may quote what it was sent; a secret in it must not reach the ledger or a terminal.
        return replace(answer, message=redact(answer.message, request, self.applier.environ))

    def _record_answers(self) -> None:
        """Wait for answers, and write the outcomes that have come together."""
        answered = [self.ended.get()]
        while not self.ended.empty():
            answered.append(self.ended.get())
        known = [(*self.in_flight[future], self._answer(future)) for future in answered]
        entries = [self._outcome(entry, answer) for _, entry, answer in known]
        verdicts = self.applier.ledger.append(entries)
        for future in answered:
            del self.in_flight[future]
        for (change, _, answer), entry, verdict in zip(known, entries, verdicts, strict=True):
            if answer is _STOPPED:
                continue
            if isinstance(answer, Unknown):
                self.kept.add(hold_of(change, sent_prefix(change, marker=self.applier.settings.marker)))
            self._finish(done_of(change, answer) if verdict is Verdict.WON else self._settled_meanwhile(change, entry))

    def _settled_meanwhile(self, change: Change, outcome: Entry) -> Done:
        """Return what became of an intent that another run has closed before our answer came.

        If it concluded that nothing had started although our app was accepted, the app is recorded now.
        """
        state = self.applier.ledger.states(change.item.project).get(change.item, NOTHING)
        if outcome.app is None or state.app == outcome.app:
            return Done(change=change, result=Result.LOST_RACE, app=state.app, message="settled by another run")
        late = replace(outcome, version=state.version + 1, event=Event.ADOPTED)
        if self.applier.ledger.append([late]) == (Verdict.WON,):
            return Done(change=change, result=Result.SUBMITTED, app=outcome.app)
        message = (
            f"{outcome.app.name} ({outcome.app.id}) was started, but another run settled this submission otherwise; "
            "look at both apps and kill one"
        )
        return Done(change=change, result=Result.UNRESOLVED, app=outcome.app, message=message)

    def _answer(self, future: Future[Answer]) -> Answer:
        """Return the answer of a worker; what it raised says whether anything can have started."""
        try:
            return future.result()
        except (CredentialsError, NotOfferedError) as error:
            self.fatal = error
            return Rejected(message=error.message)
        except Exception as error:  # noqa: BLE001  # whatever went wrong after the intent, the app may have started
            return Unknown(message=f"{type(error).__name__} while submitting")

    def _outcome(self, intent: Entry, answer: Answer) -> Entry:
        outcome = partial(replace, intent, version=intent.version + 1, at=self.applier.now(), intent=None)
        match answer:
            case Accepted(app=app):
                return outcome(event=Event.ACCEPTED, app=AppRef(id=app.id, name=app.name))
            case Rejected(message=message):
                return outcome(event=Event.REJECTED, message=message)
            case NotSent(message=message) | Throttled(message=message):
                return outcome(event=Event.NOT_SENT, message=message)
            case Unknown(message=message):
                return outcome(event=Event.UNKNOWN, message=message, server_at=self.applier.engine.server_now())

    def _finish(self, done: Done) -> None:
        self.done.append(done)
        # What is held is tried again; to tell of it each time would bury the rest.
        if done.result is not Result.HELD:
            self.applier.report(done)
