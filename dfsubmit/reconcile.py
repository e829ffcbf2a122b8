"""One run of apply from end to end: settle, plan, check, submit, and settle what this run left in doubt.

Consent is asked by the caller for the plan it showed; an item that it showed as unresolved may be submitted in the same
run once it is proved that nothing had started. A run takes as many rounds as it needs to settle its own doubts, within
a bound, so that a passing fault needs no second command.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from dfsubmit import plantoken
from dfsubmit.errors import LimitError, StalePlanError
from dfsubmit.journal import NOTHING, AppRef, Item, ItemState, State
from dfsubmit.plan import Action, Change, Plan
from dfsubmit.recover import Adopt, Undecidable
from dfsubmit.results import FAILURES, Done, Result
from dfsubmit.secret import MissingSecretError, resolve_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from dfsubmit.applier import Applier
    from dfsubmit.settle import Settled, Settler

# A fault that outlives this many submits of one item is no passing one.
MOST_ATTEMPTS = 4
# While another run keeps a workspace and prefix, this one looks again so often (seconds), for so many settle times.
LOOK_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run did: a result for every change, and the rulings that left something open."""

    results: tuple[Done, ...]
    undecided: tuple[Settled, ...] = ()

    def count(self, *results: Result) -> int:
        """Return how many changes ended with one of `results`."""
        return sum(done.result in results for done in self.results)

    @property
    def exit_code(self) -> int:
        """Return the exit code of the run: unresolved before failed before lost races."""
        if self.count(Result.UNRESOLVED, Result.HELD):
            return 3
        if self.count(*FAILURES):
            return 1
        wanted = self.count(Result.SUBMITTED, Result.ADOPTED, Result.KILLED, Result.LOST_RACE)
        return 4 if wanted and self.count(Result.LOST_RACE) == wanted else 0


@dataclass(kw_only=True)
class Reconciler:
    """Settles and applies until nothing is left to do. `plan_again` makes a plan from the ledger as it is now.

    `patience` is how long it waits, without any progress, for what another run keeps from it.
    """

    settler: Settler
    applier: Applier
    plan_again: Callable[[], Plan]
    max_submit: int
    patience: timedelta = timedelta(seconds=75)
    _results: dict[Item, Done] = field(default_factory=dict)
    _attempts: Counter[Item] = field(default_factory=Counter)
    _undecided: dict[Item, Settled] = field(default_factory=dict)

    def run(self) -> Report:
        """Carry everything out. Raises LimitError before anything is sent, EngineError and LedgerError."""
        adopted = self._settle()
        plan = self.plan_again()
        check_limit(plan, self.max_submit)
        self._apply(plan, adopted)
        waited = timedelta(0)
        while not self.applier.stop.requested and self._unfinished() and waited < self.patience:
            adopted = self._settle()
            self._mark_adopted(adopted)
            again = self._again(self.plan_again())
            self._apply(again, {})
            if adopted or any(self._results[change.item].result is not Result.HELD for change in again.changes):
                continue
            self.settler.sleep(LOOK_AGAIN_SECONDS)
            waited += timedelta(seconds=LOOK_AGAIN_SECONDS)
        return Report(
            results=tuple(self._results[item] for item in sorted(self._results)), undecided=self._open_rulings()
        )

    def _settle(self) -> dict[Item, Settled]:
        """Settle, keep what stays undecided, and return what was adopted."""
        rulings = self.settler.run()
        self._undecided = {was.item: was for was in rulings if isinstance(was.ruling, Undecidable)}
        return {was.item: was for was in rulings if isinstance(was.ruling, Adopt)}

    def _apply(self, plan: Plan, adopted: Mapping[Item, Settled]) -> None:
        for done in self.applier.run(plan):
            self._results[done.change.item] = self._in_context(done, adopted)
            if done.change.action is Action.SUBMIT and done.result is not Result.HELD:
                self._attempts[done.change.item] += 1
        for item, was in adopted.items():
            if item not in self._results and isinstance(was.ruling, Adopt):
                app = AppRef(id=was.ruling.app.id, name=was.ruling.app.name)
                change = Change(action=Action.UNRESOLVED, item=item, version=was.state.version, reason="settled")
                self._results[item] = Done(change=change, result=Result.ADOPTED, app=app)

    def _in_context(self, done: Done, adopted: Mapping[Item, Settled]) -> Done:
        """Return `done` as this run saw it: what it just adopted, and what a living run elsewhere is busy with."""
        if done.change.item in adopted and done.result is Result.UNCHANGED:
            return replace(done, result=Result.ADOPTED)
        untouched = done.result is Result.UNRESOLVED and done.change.action is Action.UNRESOLVED
        if untouched and done.change.item not in self._undecided:
            return replace(done, result=Result.LOST_RACE)
        return done

    def _unfinished(self) -> bool:
        """Tell whether looking again could still bring an item further."""
        return any(
            (done.result is Result.UNRESOLVED and item not in self._undecided and self._attempts[item] < MOST_ATTEMPTS)
            or (done.result is Result.HELD and not self._kept_by_undecided(done))
            for item, done in self._results.items()
        )

    def _kept_by_undecided(self, done: Done) -> bool:
        """Tell whether only a person can free what `done` waits for."""
        return any(was.state.hold and was.state.hold in done.message for was in self._undecided.values())

    def _mark_adopted(self, adopted: Mapping[Item, Settled]) -> None:
        for item, was in adopted.items():
            before = self._results.get(item)
            if before is not None and isinstance(was.ruling, Adopt):
                app = AppRef(id=was.ruling.app.id, name=was.ruling.app.name)
                self._results[item] = Done(change=before.change, result=Result.ADOPTED, app=app)

    def _again(self, plan: Plan) -> Plan:
        """Return the part of `plan` that this run may try (again): nothing had started, or what kept it is settled.

        What another run has submitted meanwhile is noted as a lost race.
        """
        tried = (Result.UNRESOLVED, Result.HELD)
        pending = {item for item, done in self._results.items() if done.result in tried}
        for change in plan.of(Action.UNCHANGED):
            if change.item in pending:
                self._results[change.item] = Done(change=change, result=Result.LOST_RACE, app=change.app)
        again = tuple(
            change
            for change in plan.of(Action.SUBMIT)
            if change.item in pending and self._attempts[change.item] < MOST_ATTEMPTS
        )
        return replace(plan, changes=again)

    def _open_rulings(self) -> tuple[Settled, ...]:
        return tuple(self._undecided[item] for item in sorted(self._undecided))


def check_limit(plan: Plan, max_submit: int) -> None:
    """Raise LimitError when `plan` submits more apps than are allowed in one run."""
    count = len(plan.of(Action.SUBMIT))
    if count > max_submit:
        raise LimitError(
            f"the plan submits {count} app{'' if count == 1 else 's'}, more than the limit of {max_submit}; "
            "nothing was submitted",
            tip=f"if that is what you want: --max-submit {count}",
        )


def expected_part(plan: Plan, token: str) -> tuple[Plan, tuple[Change, ...]]:
    """Return the part of `plan` that `token` names, and the pending changes that it does not name.

    Raises StalePlanError when the token is none, or names a change that `plan` has no more: it was made meanwhile, its spec
    is another by now, or its manifest is gone.
    """
    again = "make the plan again, look at it, and expect its token"
    expected = plantoken.read(token)
    if expected is None:
        raise StalePlanError("what is expected is no token of a plan", tip="`dfsubmit plan -o json` shows the token")
    if expected.whole:
        if expected.whole != plan.token:
            raise StalePlanError("the plan is stale: what would be done is not what the token names", tip=again)
        return plan, ()
    named = {change.item for change in plan.pending if plan.mark(change) in expected.marks}
    others = tuple(change for change in plan.pending if change.item not in named)
    if len(named) < len(expected.marks):
        lost = len(expected.marks) - len(named)
        pending = f"; pending, but not named: {_names(others)}" if others else ""
        raise StalePlanError(
            f"the plan is stale: {lost} of the {len(expected.marks)} changes that the token names "
            f"{'is' if lost == 1 else 'are'} not pending any more{pending}",
            tip=again,
        )
    return only(plan, named), others


def only(plan: Plan, items: Collection[Item]) -> Plan:
    """Return `plan` without the pending changes of other items than `items`."""
    pending = {id(change) for change in plan.pending}
    return replace(
        plan, changes=tuple(change for change in plan.changes if id(change) not in pending or change.item in items)
    )


def _names(changes: Sequence[Change], most: int = 5) -> str:
    more = f" and {len(changes) - most} more" if len(changes) > most else ""
    return ", ".join(f"{change.name} ({change.reason})" for change in changes[:most]) + more


def left_for_later(others: Sequence[Change]) -> str:
    """Return the sentence that tells of pending changes which a token does not name, or an empty one."""
    return f"not named by the token, and left for another plan: {_names(others)}" if others else ""


def check_secrets(plan: Plan, environ: Mapping[str, str]) -> None:
    """Raise MissingSecretError, which names the app, when `environ` lacks a variable that a submit refers to."""
    for change in plan.of(Action.SUBMIT):
        try:
            resolve_secrets(change.request or {}, environ)
        except MissingSecretError as error:
            raise MissingSecretError(f"{change.name}: {error.message}; nothing was submitted", tip=error.tip) from error


def refresh(plan: Plan, states: Mapping[Item, ItemState]) -> Plan:
    """Return a saved plan as the ledger now allows: what it showed as unresolved and is settled by now, moves on."""
    return replace(plan, changes=tuple(_refreshed(change, states.get(change.item, NOTHING)) for change in plan.changes))


def _refreshed(change: Change, state: ItemState) -> Change:
    if change.action is not Action.UNRESOLVED or state.is_open:
        return change
    if state.state is State.FREE and change.place is not None:
        return replace(change, action=Action.SUBMIT, version=state.version, reason="earlier attempt started nothing")
    return replace(change, action=Action.UNCHANGED, version=state.version, app=state.app, reason=state.state.value)
