"""The part of the model that follows `settle` and `recover`: read what is open, list, read the claims, judge, record."""

from __future__ import annotations

from layout import (
    ABSENT,
    ADOPT_FOREIGN,
    ADOPT_OTHER,
    ADOPT_OWN,
    APP,
    CLAIM,
    CLAIMING,
    COUNT,
    DEAD_FOR,
    DOUBTFUL_LIST,
    DUE,
    FAILS,
    FAULTS,
    FIRST,
    FITS,
    FLAGS,
    FOREIGN,
    FREE,
    GUESSED,
    HELD,
    IN_FLIGHT,
    LIST,
    LISTING,
    MAY_SEND,
    MISSING,
    NEVER,
    NOBODY,
    NOTHING,
    OTHER,
    OWN,
    OWNER,
    PC,
    PENDING,
    PLANNING,
    READ,
    READING,
    RULE,
    RULING,
    STALE,
    STATE,
    SUB,
    SUBMITTED,
    TWIN,
    UNDECIDED,
    UNRESOLVED,
    WAITS,
    WELL,
    WRONG,
    WRONG_APP,
    Step,
    label,
)
from mutations import Mutation
from world import World

_ADOPT = {OWN: ADOPT_OWN, OTHER: ADOPT_OTHER, FOREIGN: ADOPT_FOREIGN}


class Settling(World):
    """See the module's text. Each method adds the steps that a process at `p` may make next."""

    def read(self, s: bytes, p: int, out: list[Step]) -> None:
        """Read what is open; ask for the list only when something can be judged."""
        b = bytearray(s)
        self.refreshes(b, p)
        due = [self._due(b, p, item) for item in (0, 1)]
        if due == [NEVER, NEVER]:
            b[p + PC] = PLANNING
        elif 0 in due:
            b[p + PC] = LISTING
            b[p + DUE], b[p + DUE + 1] = due
        out.append((label(READ, p), bytes(b)))

    def _due(self, b: bytearray, p: int, item: int) -> int:
        """Return the ticks until the item can be judged, NEVER when it is not ours to judge; note a dead sender."""
        state, count = b[STATE + item], b[COUNT + item]
        mutation = self.mutation
        if state == UNRESOLVED:
            return 0 if mutation is Mutation.NO_SETTLE else count
        if state != IN_FLIGHT or not self._overtakes(b, p, item):
            return NEVER
        dead_for = b[p + DEAD_FOR + item]
        if mutation is Mutation.SETTLE_FROM_INTENT:
            count = max(0, count - self.setup.deadline)
        elif mutation is Mutation.NO_SETTLE:
            count = 0 if dead_for != NEVER else max(0, count - self.setup.settle)
        elif mutation is Mutation.DEAD_MEANS_NOTHING and dead_for != NEVER:
            count = 0
        elif mutation is Mutation.NEVER_OVERTAKES and not self.setup.near:
            count = max(1, count)
        return min(count, dead_for)

    def _overtakes(self, b: bytearray, p: int, item: int) -> bool:
        """Tell whether an intent is ours to judge; note when its sender is found dead."""
        if not self.setup.near:
            return True
        owner = b[OWNER + item]
        dead = owner == NOBODY or self.mutation is Mutation.LIVING_TAKEN_FOR_DEAD
        if dead and b[p + DEAD_FOR + item] == NEVER:
            b[p + DEAD_FOR + item] = self.setup.settle
        return dead or owner == (p > FIRST)

    def ask(self, s: bytes, p: int, out: list[Step]) -> None:
        """Ask for the list: whole as far as it must be, wrong, or failing."""
        apps = [item for item in (0, 1) if s[APP + item]]
        must = 0 if self.setup.beyond else sum(1 << item for item in apps if s[APP + item] == 1)
        may = sum(1 << item for item in apps)
        for shown in (shown for shown in range(4) if not shown & ~may):
            if shown & must == must:
                out.append(self._listed(s, p, shown, WELL))
            # Two lists in a row that lack an app, and show nothing of it, are beyond what can be survived.
            elif s[FAULTS] and (self._lacks(s, shown) or not s[p + FLAGS] & DOUBTFUL_LIST):
                out.append(self._listed(s, p, shown, WRONG))
        if s[FAULTS] and self.mutation is Mutation.FAILED_LIST_IS_EMPTY:
            out.append(self._listed(s, p, 0, FAILS))
        elif s[FAULTS]:
            b = bytearray(s)
            b[FAULTS] -= 1
            self.ends(b, p)
            out.append((label(LIST, p, 0, FAILS * 4), bytes(b)))

    def _lacks(self, s: bytes, shown: int) -> bool:
        """Tell whether a list lacks an app that was recorded long enough ago to be in it."""
        return any(s[STATE + item] == SUBMITTED and s[COUNT + item] == 0 and not shown & 1 << item for item in (0, 1))

    def _listed(self, s: bytes, p: int, shown: int, quality: int) -> Step:
        b = bytearray(s)
        if quality != WELL:
            b[FAULTS] -= 1
        lacks = quality != FAILS and self._lacks(s, shown)
        b[p + FLAGS] &= ~(DOUBTFUL_LIST | MISSING)
        if quality == WRONG and not lacks:
            b[p + FLAGS] |= DOUBTFUL_LIST
        if lacks and self.mutation is not Mutation.SHORT_LIST_IS_WHOLE:
            b[p + FLAGS] |= MISSING
        for item in (0, 1):
            if s[p + DUE + item] != NEVER:
                b[p + SUB + item] = self._fits(s, shown, item)
        b[p + PC] = CLAIMING
        return label(LIST, p, 0, quality * 4 + shown), bytes(b)

    def _fits(self, s: bytes, shown: int, item: int) -> int:
        """Return which of the apps shown have the item's prefix and lie in its window."""
        no_window = self.mutation is Mutation.NO_WINDOW
        # There always is an app of the same prefix that was started by hand long ago.
        fits = FOREIGN if no_window else 0
        for peer in self.peers[item]:
            if shown & 1 << peer and (no_window or s[FITS + peer] & 1 << item):
                fits |= OWN if peer == item else OTHER
        return fits

    def claim(self, s: bytes, p: int, out: list[Step]) -> None:
        """Read the claims, and judge."""
        b = bytearray(s)
        fits = [self._unclaimed(s, p, item) for item in (0, 1)]
        b[p + FLAGS] &= ~WAITS
        for item in (0, 1):
            due = s[p + DUE + item]
            b[p + SUB + item], b[p + DUE + item] = 0, NEVER
            if due == NEVER:
                continue
            b[p + UNDECIDED] &= ~(1 << item)
            if due > 0:
                b[p + FLAGS] |= WAITS
            else:
                self._judge(b, p, item, fits)
        self._looked(b, p)
        out.append((label(CLAIM, p), bytes(b)))

    def _unclaimed(self, s: bytes, p: int, item: int) -> int:
        """Return which of the apps that the list showed may be the item's, and belong to no other."""
        if s[p + DUE + item] == NEVER:
            return 0
        fits = s[p + SUB + item]
        for bit, claimer in ((OWN, item), (OTHER, 1 - item)):
            # The other one of a pair of twins is claimed by nobody.
            claimed = s[STATE + claimer] == SUBMITTED and not s[FITS + claimer] & TWIN
            if claimed and self.mutation is not Mutation.CLAIMS_IGNORED:
                fits &= ~bit
        return fits

    def _judge(self, b: bytearray, p: int, item: int, fits: list[int]) -> None:
        mine, others = fits[item], fits[1 - item]
        count = mine.bit_count() + bool(mine & OWN and b[FITS + item] & TWIN)
        shared = (mine & OWN and others & OTHER) or (mine & OTHER and others & OWN)
        if self.mutation is Mutation.ANY_OF_SEVERAL and mine:
            count = 1
        bit = 1 << item
        if count == 1 and not shared:
            b[p + SUB + item] = _ADOPT[mine & -mine]
        elif count or b[p + FLAGS] & MISSING:
            b[p + UNDECIDED] |= bit
            b[p + ABSENT] &= ~bit
        elif b[p + ABSENT] & bit or self.mutation in (Mutation.ONE_LOOK, Mutation.DEAD_MEANS_NOTHING):
            b[p + SUB + item] = NOTHING
        else:
            # A second list must say so.
            b[p + FLAGS] |= WAITS
            b[p + ABSENT] |= bit

    def _looked(self, b: bytearray, p: int) -> None:
        """Go on after one look: with the rulings to record, with another look, or with the plan."""
        if b[p + SUB] or b[p + SUB + 1]:
            b[p + PC] = RULING
            # A ruling is dated when it is made, however much later it is recorded.
            b[p + MAY_SEND + (0 if b[p + SUB] else 1)] = self.setup.settle
        else:
            b[p + PC] = READING if b[p + FLAGS] & WAITS else PLANNING
            b[p + FLAGS] &= ~(WAITS | MISSING)

    def rule(self, s: bytes, p: int, out: list[Step]) -> None:
        """Record a ruling, unless another was first."""
        item = 0 if s[p + SUB] else 1
        ruling = s[p + SUB + item]
        b = bytearray(s)
        b[p + SUB + item] = b[p + MAY_SEND + item] = 0
        broken = ""
        lost = s[p + STALE + item]
        if self.mutation is Mutation.RULING_NOT_EXCLUSIVE:
            lost = s[STATE + item] not in (IN_FLIGHT, UNRESOLVED)
        if not lost and ruling == NOTHING:
            self.changes(b, p, item, FREE)
        elif not lost and ruling == ADOPT_OWN:
            broken = GUESSED if s[FITS + item] & TWIN else ""
            self.changes(b, p, item, SUBMITTED)
            b[COUNT + item] = s[p + MAY_SEND + item]
        elif not lost:
            broken = WRONG_APP
        if ruling != NOTHING:
            self.done(b, p, item)
        self._looked(b, p)
        out.append((label(RULE, p, item), broken or bytes(b)))

    def done(self, b: bytearray, p: int, item: int) -> None:
        """Note that this run has nothing more to do for the item."""
        b[p + PENDING] &= ~((1 | HELD) << item)
