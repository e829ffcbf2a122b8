"""The part of the model that no process decides: time, the network, the server, and what a change of the ledger means.

It also knows what a last run without faults would find (`final`), without stepping through it.
"""

from __future__ import annotations

from layout import (
    ABSENT,
    APP,
    BOTH,
    COUNT,
    CRASHES,
    DEAD_FOR,
    DUE,
    FAULTS,
    FIRST,
    FITS,
    FORMED,
    FREE,
    FRESH,
    IN_FLIGHT,
    LISTING,
    LIVES,
    LOST_APP,
    MAY_SEND,
    NEVER,
    NOBODY,
    OFF,
    OPEN_FOR_EVER,
    OWNER,
    PC,
    SECOND,
    SINCE,
    SIZE,
    STALE,
    STATE,
    SUBMITTED,
    TICK,
    TWIN,
    TWO_APPS,
    UNRESOLVED,
    WIDTH,
    WIRE,
    WOULD_ASK,
    WOULD_REPEAT,
    WRONG_APP,
    Setup,
    Step,
    label,
)
from mutations import Mutation

_PROCESSES = (FIRST, SECOND)
_IDLE = bytes([OFF, *[0] * 10, NEVER, NEVER, NEVER, NEVER, 0, 0, NEVER, 0])
# Owners when the two processes change places.
_MIRRORED = {bytes([a, b]): bytes([(1, 0, 2)[a], (1, 0, 2)[b]]) for a in range(3) for b in range(3)}


class World:
    """See the module's text. `peers` are the items whose apps look like an item's own."""

    def __init__(self, setup: Setup, mutation: Mutation | None = None) -> None:
        self.setup = setup
        self.mutation = mutation
        self.peers = ((0, 1), (0, 1)) if setup.shared else ((0,), (1,))

    def initial(self) -> bytes:
        """Return the state before anything has happened."""
        s = bytearray(SIZE)
        s[OWNER] = s[OWNER + 1] = NOBODY
        s[FAULTS], s[CRASHES] = self.setup.faults, self.setup.crashes
        for p in _PROCESSES:
            s[p : p + WIDTH] = _IDLE
            s[p + LIVES] = self.setup.lives
        return bytes(s)

    def canonical(self, s: bytes) -> bytes:
        """Return the state that stands for `s` and for its mirror image, in which the two processes have changed places."""
        first, second = s[FIRST:SECOND], s[SECOND:]
        if first <= second:
            return s
        return s[:OWNER] + _MIRRORED[s[OWNER : OWNER + 2]] + s[OWNER + 2 : FIRST] + second + first

    def at_rest(self, s: bytes) -> bool:
        """Tell whether nothing runs and nothing is on its way."""
        return s[FIRST + PC] == s[SECOND + PC] == OFF and not s[WIRE] and not s[WIRE + 1]

    def time_passes(self, s: bytes, out: list[Step]) -> None:
        """Let a tick pass, unless something must land first."""
        last_chance = 2
        if last_chance in (s[WIRE], s[WIRE + 1]) and not self.setup.beyond:
            return
        b = bytearray(s)
        for item in (0, 1):
            for place, least in ((COUNT, 0), (APP, 1), (WIRE, 1)):
                if s[place + item] > least:
                    b[place + item] -= 1
            b[FITS + item] &= ~FRESH
            for p in _PROCESSES:
                self._older(b, p, item)
        for p in _PROCESSES:
            if 0 < s[p + FORMED] < NEVER:
                b[p + FORMED] -= 1
        after = bytes(b)
        if after != s:
            out.append((label(TICK), after))

    def _older(self, b: bytearray, p: int, item: int) -> None:
        """Let a tick pass in what a process knows."""
        if 0 < b[p + DEAD_FOR + item] < NEVER:
            b[p + DEAD_FOR + item] -= 1
        # Once the list was asked for, what could be judged then is decided.
        if (b[p + PC] == LISTING or self.mutation is Mutation.OLD_LIST) and 0 < b[p + DUE + item] < NEVER:
            b[p + DUE + item] -= 1
        if b[p + MAY_SEND + item]:
            b[p + MAY_SEND + item] -= 1

    def lands(self, b: bytearray, item: int, left: int) -> str:
        """Let an app come into the world that must be listed in `left` ticks; return the invariant that this breaks."""
        if b[APP + item]:
            return TWO_APPS
        b[APP + item] = left + 1
        fits = FRESH
        for peer in self.peers[item]:
            state = b[STATE + peer]
            if state == IN_FLIGHT or (state == UNRESOLVED and self.mutation is not Mutation.WINDOW_ENDS_EARLY):
                fits |= 1 << peer
        b[FITS + item] = fits
        for p in _PROCESSES:
            if b[p + FORMED] != NEVER:
                b[p + SINCE] |= 1 << item
        return ""

    def ends(self, b: bytearray, p: int) -> None:
        """Let a process end, in whatever way: all that it knew is gone, and its open intents have a dead sender."""
        lives = b[p + LIVES]
        b[p : p + WIDTH] = _IDLE
        b[p + LIVES] = lives
        for item in (0, 1):
            if b[OWNER + item] == (p > FIRST):
                b[OWNER + item] = NOBODY

    def changes(self, b: bytearray, p: int, item: int, state: int) -> None:
        """Write the item's new state; what others have read of it is stale from now on."""
        setup = self.setup
        b[STATE + item] = state
        b[COUNT + item] = 0 if state == FREE else setup.settle + (setup.deadline if state == IN_FLIGHT else 0)
        b[OWNER + item] = p > FIRST if state == IN_FLIGHT and setup.near else NOBODY
        if state not in (IN_FLIGHT, UNRESOLVED):
            for peer in self.peers[item]:
                b[FITS + peer] &= ~(1 << item)
        b[BOTH - p + STALE + item] = 1
        self._forgets(b, p, item)

    def _forgets(self, b: bytearray, p: int, item: int) -> None:
        """Let a process forget what it knew of an item's last attempt."""
        if self.mutation is not Mutation.ABSENCE_REMEMBERED:
            b[p + ABSENT] &= ~(1 << item)
        if self.mutation is not Mutation.DEATH_REMEMBERED:
            b[p + DEAD_FOR + item] = NEVER

    def refreshes(self, b: bytearray, p: int) -> None:
        """Let a process read the ledger as it is now; what it knew of other attempts is no more than that."""
        for item in (0, 1):
            if b[p + STALE + item]:
                b[p + STALE + item] = 0
                self._forgets(b, p, item)

    def final(self, s: bytes) -> str:
        """Return the invariant that a last run without any fault would break, when `s` is at rest."""
        if self.setup.beyond or not self.at_rest(s):
            return ""
        for item in (0, 1):
            state, app = s[STATE + item], s[APP + item]
            if state == SUBMITTED and not app:
                return LOST_APP
            if state == FREE and app:
                return WOULD_REPEAT
            if state in (IN_FLIGHT, UNRESOLVED):
                broken = self._final_look(s, item)
                if broken:
                    return broken
        return ""

    def _final_look(self, s: bytes, item: int) -> str:
        """Return the invariant that a true and whole list would make a last run break over an open item."""
        never = self.mutation is Mutation.NEVER_OVERTAKES and not self.setup.near
        if never and s[STATE + item] == IN_FLIGHT:
            return OPEN_FOR_EVER
        no_window = self.mutation is Mutation.NO_WINDOW
        other = 1 - item
        unclaimed = s[STATE + other] != SUBMITTED or self.mutation is Mutation.CLAIMS_IGNORED
        own = bool(s[APP + item]) and bool(s[FITS + item] & 1 << item or no_window)
        others = bool(s[APP + other]) and bool(s[FITS + other] & 1 << item or no_window) and unclaimed
        fits = own + (others and other in self.peers[item]) + no_window
        if own and s[FITS + item] & TWIN:
            return "" if fits == 1 else WOULD_ASK
        if s[APP + item] and not fits:
            return WOULD_REPEAT
        if fits > 1:
            return WOULD_ASK
        return WRONG_APP if fits and not own else ""
