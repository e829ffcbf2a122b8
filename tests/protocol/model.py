"""The protocol as an explicit-state model: two appliers, two manifests, a ledger, a network, a server, and time.

`Model.successors` gives every step that may follow a state: time passes, a request lands, a process starts, crashes, or makes
its next step. One step is one effect or one look: reading the ledger, asking for the list, reading the claims, one append, one
send. This module follows `applier` and `reconcile`, `settling` follows `settle` and `recover`, `world` is the rest;
`test_model_conformance` holds the code to them.

Time is counted in ticks, and only as what is left of it, so that states which differ by the hour are one state. A tick is
longer than `CLOCK_SLACK`: what starts in the tick of an intent may be older than it, and still falls into its window.

Left out: throttling and connections that never open, which end as `not sent`, like a refusal; a ledger that fails, which ends
the process, like a crash; and what needs a person.
"""

from __future__ import annotations

from layout import (
    APP,
    COUNT,
    CRASH,
    CRASHES,
    FAULTS,
    FIRST,
    FIRST_ROUND,
    FITS,
    FLAGS,
    FORGOTTEN,
    FORMED,
    FREE,
    FRESH,
    GATEWAY_NO,
    GATEWAY_YES,
    GOES_WELL,
    HELD,
    IN_FLIGHT,
    INTENT,
    LAND,
    LATE,
    LIVES,
    LOST_REPLY,
    LOST_REQUEST,
    MAY_SEND,
    NEVER,
    OFF,
    OUTCOME,
    OVERTAKEN,
    PC,
    PENDING,
    PLAN,
    READING,
    READY,
    REFUSED,
    ROUNDS,
    SAID_NO,
    SAID_NOTHING,
    SAID_YES,
    SECOND,
    SEND,
    SENT_YES,
    SINCE,
    STALE,
    START,
    STATE,
    SUB,
    SUBMITTED,
    SUBMITTING,
    TODO,
    TOO_LATE,
    TWICE,
    TWICE_LOST,
    TWIN,
    UNDECIDED,
    UNRESOLVED,
    WIRE,
    Step,
    label,
)
from mutations import Mutation
from settling import Settling

_ACCEPTED = frozenset({GOES_WELL, LOST_REPLY, TWICE, TWICE_LOST, GATEWAY_YES})
_ANSWERS = {GOES_WELL: SAID_YES, TWICE: SAID_YES, REFUSED: SAID_NO, TOO_LATE: SAID_NO}


class Model(Settling):
    """The steps of one setup, of the protocol or of a `mutation` of it."""

    def successors(self, s: bytes) -> list[Step]:
        """Return every step that may follow `s`: its label, and the state after it or the name of the invariant it breaks."""
        out: list[Step] = []
        self.time_passes(s, out)
        for item in (0, 1):
            if s[WIRE + item]:
                self._arrives(s, item, out)
        for p in (FIRST, SECOND):
            pc = s[p + PC]
            if pc == OFF:
                self._start(s, p, out)
                continue
            if s[CRASHES]:
                b = bytearray(s)
                b[CRASHES] -= 1
                self.ends(b, p)
                out.append((label(CRASH, p), bytes(b)))
            _STEPS[pc](self, s, p, out)
        return out

    def _arrives(self, s: bytes, item: int, out: list[Step]) -> None:
        """Let a request that was on its way land."""
        b = bytearray(s)
        b[WIRE + item] = 0
        broken = self.lands(b, item, s[WIRE + item] - 1)
        if not (broken and self.setup.beyond):
            out.append((label(LAND, item=item), broken or bytes(b)))

    def _start(self, s: bytes, p: int, out: list[Step]) -> None:
        if s[p + LIVES]:
            b = bytearray(s)
            b[p + PC], b[p + LIVES], b[p + ROUNDS] = READING, s[p + LIVES] - 1, self.setup.rounds
            b[p + FLAGS] = FIRST_ROUND
            out.append((label(START, p), bytes(b)))

    def plan(self, s: bytes, p: int, out: list[Step]) -> None:
        """Read the ledger, and choose what to submit: at first all that is free, then what this run left undone."""
        b = bytearray(s)
        self.refreshes(b, p)
        first = s[p + FLAGS] & FIRST_ROUND
        b[p + FLAGS] &= ~FIRST_ROUND
        for item in range(self.setup.manifests):
            bit = 1 << item
            state = s[STATE + item]
            if state == FREE and (first or s[p + PENDING] & bit):
                b[p + SUB + item] = TODO
            elif first and state in (IN_FLIGHT, UNRESOLVED) and s[p + UNDECIDED] & bit:
                b[p + PENDING] |= bit
            elif state == SUBMITTED:
                self.done(b, p, item)
        b[p + PC] = SUBMITTING
        self._next(b, p)
        out.append((label(PLAN, p), bytes(b)))

    def _next(self, b: bytearray, p: int) -> None:
        """Go on submitting, go round once more, or end."""
        subs = (b[p + SUB], b[p + SUB + 1])
        if TODO in subs and max(subs) == TODO:
            # The next intents are made now, and appended when the ledger has time for it.
            b[p + FORMED] = self.setup.deadline + self.setup.settle
            b[p + SINCE] = sum(1 << item for item in (0, 1) if b[APP + item] and b[FITS + item] & FRESH)
        if any(subs):
            return
        if b[p + ROUNDS] and (self._unfinished(b, p, 0) or self._unfinished(b, p, 1)):
            b[p + PC] = READING
            b[p + UNDECIDED] = 0
            b[p + ROUNDS] -= b[p + ROUNDS] != NEVER
        else:
            self.ends(b, p)

    def _unfinished(self, b: bytearray, p: int, item: int) -> bool:
        """Tell whether another round could bring an item further."""
        mine = b[p + PENDING] >> item
        # What waits for a hold waits for whoever has it, also for another's attempt at the item itself.
        hopeless = b[p + UNDECIDED] & (3 if mine & HELD else 1 << item)
        return bool(mine & 1) and not hopeless

    def _held(self, b: bytearray, p: int, item: int) -> None:
        """Note that the item waits for its hold."""
        b[p + SUB + item] = 0
        b[p + PENDING] |= (1 | HELD) << item

    def submit(self, s: bytes, p: int, out: list[Step]) -> None:
        """Append an intent, send, or record an outcome."""
        subs = (s[p + SUB], s[p + SUB + 1])
        busy = [item for item in (0, 1) if subs[item] > TODO]
        todo = [item for item in (0, 1) if subs[item] == TODO]
        together = self.setup.parallel and not self.setup.shared
        if todo and (together or not busy):
            out.append(self._intents(s, p, todo if together else todo[:1]))
        for item in busy:
            if subs[item] == READY:
                self._send(s, p, item, out)
            elif subs[item] >= SENT_YES:
                b = bytearray(s)
                won = self._append_intent(b, s, p, item)
                b[p + SUB + item] = subs[item] - SENT_YES + SAID_YES if won else 0
                self._next(b, p)
                out.append((label(INTENT, p, item), bytes(b)))
            else:
                out.append(self._outcome(s, p, item))

    def _intents(self, s: bytes, p: int, items: list[int]) -> Step:
        """Append the intents of a batch."""
        b = bytearray(s)
        b[p + FORMED], b[p + SINCE] = NEVER, 0
        for item in items:
            if self.mutation in (Mutation.NO_INTENT, Mutation.INTENT_AFTER_SEND):
                b[p + SUB + item], b[p + MAY_SEND + item] = READY, self.setup.deadline
            else:
                b[p + SUB + item] = READY if self._append_intent(b, s, p, item) else 0
        self._next(b, p)
        return label(INTENT, p, items[0]), bytes(b)

    def _append_intent(self, b: bytearray, s: bytes, p: int, item: int) -> bool:
        """Append one intent: lost when the item has moved on, held when another open item has its hold."""
        mutation = self.mutation
        other = 1 - item
        free = not s[p + STALE + item]
        if mutation is Mutation.INTENT_NOT_EXCLUSIVE:
            free = s[STATE + item] in (FREE, IN_FLIGHT)
        if not free:
            self.done(b, p, item)
            return False
        keeps = (IN_FLIGHT,) if mutation is Mutation.HOLD_ENDS_WITH_DOUBT else (IN_FLIGHT, UNRESOLVED)
        if self.setup.shared and b[STATE + other] in keeps and mutation is not Mutation.HOLD_IGNORED:
            self._held(b, p, item)
            if b[p + SUB + other] == TODO:
                self._held(b, p, other)
            return False
        self.changes(b, p, item, IN_FLIGHT)
        formed = s[p + FORMED] if s[p + FORMED] != NEVER else self.setup.deadline + self.setup.settle
        for peer in self.peers[item]:
            if s[p + SINCE] & 1 << peer:
                b[FITS + peer] |= 1 << item
            else:
                b[FITS + peer] &= ~(1 << item)
        b[COUNT + item] = formed
        b[p + MAY_SEND + item] = max(0, formed - self.setup.settle)
        return True

    def _send(self, s: bytes, p: int, item: int, out: list[Step]) -> None:
        """Send, unless it is too late, and meet every fate."""
        if not s[p + MAY_SEND + item] and self.mutation is not Mutation.SENT_TOO_LATE:
            fates = [TOO_LATE]
        elif s[FAULTS]:
            fates = [GOES_WELL, LOST_REPLY, LOST_REQUEST, REFUSED]
            fates += [] if s[WIRE + item] else [LATE]
            fates += [TWICE, TWICE_LOST] if self.setup.twice else []
            fates += [GATEWAY_YES, GATEWAY_NO] if self.mutation is Mutation.RETRY_ON_5XX else []
        else:
            fates = [GOES_WELL]
        for fate in fates:
            b = bytearray(s)
            b[FAULTS] -= fate not in (GOES_WELL, TOO_LATE)
            broken = self._meets(b, item, fate)
            if not (broken and self.setup.beyond):
                self._hears(b, p, item, fate)
                out.append((label(SEND, p, item, fate), broken or bytes(b)))

    def _meets(self, b: bytearray, item: int, fate: int) -> str:
        """Let a fate befall the world; return the invariant that this breaks."""
        broken = ""
        if fate in _ACCEPTED:
            broken = self.lands(b, item, self.setup.settle)
            b[FITS + item] |= TWIN if fate in (TWICE, TWICE_LOST) else 0
        elif fate == LATE:
            b[WIRE + item] = self.setup.settle + 1
        return broken

    def _hears(self, b: bytearray, p: int, item: int, fate: int) -> None:
        """Let the sender learn what it learns of a fate."""
        said = _ANSWERS.get(fate, SAID_NOTHING)
        by_gateway = fate in (GATEWAY_YES, GATEWAY_NO)
        if said == SAID_NOTHING and (
            self.mutation is Mutation.RETRY_ON_TIMEOUT or (self.mutation is Mutation.RETRY_ON_5XX and by_gateway)
        ):
            said = READY
        else:
            # The settle time counts from here, however much later the outcome is recorded.
            b[p + MAY_SEND + item] = self.setup.settle
        if self.mutation is Mutation.INTENT_AFTER_SEND:
            said += SENT_YES - SAID_YES
        b[p + SUB + item] = said

    def _outcome(self, s: bytes, p: int, item: int) -> Step:
        """Append what became of a submit; where another run has closed the intent, record at least what was accepted."""
        said = s[p + SUB + item]
        b = bytearray(s)
        b[p + SUB + item] = 0
        self.done(b, p, item)
        if said == SAID_NOTHING and self.setup.shared and b[p + SUB + 1 - item] == TODO:
            self._held(b, p, 1 - item)
        broken = ""
        if self.mutation is Mutation.NO_INTENT:
            said = OVERTAKEN if said == SAID_YES else 0
        if said == OVERTAKEN:
            if s[STATE + item] != SUBMITTED:
                self.changes(b, p, item, SUBMITTED)
                b[COUNT + item] = s[p + MAY_SEND + item]
        elif s[p + STALE + item]:
            if said == SAID_YES and self.mutation is not Mutation.ACCEPTANCE_FORGOTTEN:
                b[p + SUB + item] = OVERTAKEN
            elif said == SAID_YES and s[STATE + item] == FREE:
                broken = FORGOTTEN
        elif said:
            self._append_outcome(b, p, item, said)
        if b[p + SUB + item] != OVERTAKEN:
            b[p + MAY_SEND + item] = 0
        self._next(b, p)
        return label(OUTCOME, p, item), broken or bytes(b)

    def _append_outcome(self, b: bytearray, p: int, item: int, said: int) -> None:
        count = b[p + MAY_SEND + item]
        if said == SAID_YES:
            self.changes(b, p, item, SUBMITTED)
            b[COUNT + item] = count
        elif said == SAID_NO or self.mutation is Mutation.LOST_REPLY_IS_NOT_SENT:
            self.changes(b, p, item, FREE)
        else:
            if self.mutation is Mutation.SETTLE_FROM_INTENT:
                count = max(0, b[COUNT + item] - self.setup.deadline)
            self.changes(b, p, item, UNRESOLVED)
            b[COUNT + item] = count
            b[p + PENDING] |= 1 << item


_STEPS = (Model.read, Model.read, Model.ask, Model.claim, Model.rule, Model.plan, Model.submit)
