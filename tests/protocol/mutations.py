"""Mistakes that one can make with this protocol, each of which the exploration must catch.

A mutation that no invariant catches means that the model, or an invariant, is too weak to be trusted with the protocol.
"""

from __future__ import annotations

import enum


class Mutation(enum.Enum):
    """One mistake, in words."""

    NO_INTENT = "no intent is recorded before the send"
    INTENT_AFTER_SEND = "the intent is recorded after the send"
    RETRY_ON_TIMEOUT = "a submit that timed out is sent again"
    RETRY_ON_5XX = "a submit that a gateway answered with 5xx is sent again"
    NO_SETTLE = "an empty list is trusted at once, without the settle time"
    SETTLE_FROM_INTENT = (
        "the settle time counts from the intent, not from the last moment at which it may have been sent"
    )
    NO_WINDOW = "an app is adopted whenever it started: also an older one of the same prefix"
    WINDOW_ENDS_EARLY = "the window ends when the outcome becomes unknown, although a cut request may land later"
    CLAIMS_IGNORED = "an app is adopted although another entry claims it"
    ANY_OF_SEVERAL = "the first of several candidates is adopted"
    HOLD_IGNORED = "two submits with one workspace and prefix are in flight together"
    HOLD_ENDS_WITH_DOUBT = "the hold ends when the outcome becomes unknown"
    INTENT_NOT_EXCLUSIVE = "both of two appliers win an intent"
    RULING_NOT_EXCLUSIVE = "a ruling is recorded although the item has moved on"
    FAILED_LIST_IS_EMPTY = "a list that fails counts as an empty one"
    SHORT_LIST_IS_WHOLE = "a list that lacks an app that was recorded counts as whole"
    ONE_LOOK = "the word of one list is enough to say that nothing started"
    ABSENCE_REMEMBERED = "a list that lacks one attempt's app counts as the first of two looks for the next attempt"
    OLD_LIST = "a list that was asked for before the settle time is judged after it"
    SENT_TOO_LATE = "an intent is sent after its deadline"
    LIVING_TAKEN_FOR_DEAD = "the sender of an intent is taken for dead while it lives"
    DEAD_MEANS_NOTHING = "the intent of a dead process is freed at once"
    DEATH_REMEMBERED = "the time at which a sender was found dead is remembered for the item's next attempt"
    LOST_REPLY_IS_NOT_SENT = "a lost reply is recorded as 'not sent'"
    ACCEPTANCE_FORGOTTEN = "an acceptance that comes after another run has settled the item is forgotten"
    NEVER_OVERTAKES = "the intent of a process that fell silent is never judged"
