"""How a state of the model is laid out in bytes, the names of its steps, and of what must hold.

A state is a `bytes` of small numbers, so that millions of them can be kept. Times are ticks that are left. A step is a label,
one number that stands for its kind, the process, the manifest and the choice that was made. Processes are told apart by where
their part of the state begins (`FIRST`, `SECOND`).
"""

from __future__ import annotations

from dataclasses import dataclass

# Items 0 and 1: state, who sent the open intent, ticks until it can be judged (or, once submitted, must be listed).
STATE, OWNER, COUNT = 0, 2, 4
# The app of each item: 0 for none, else 1 + ticks until it must be listed; and in whose window it lies.
APP, FITS = 6, 8
# A request of each item on its way: 0 for none, else 1 + ticks until it has landed and is listed.
WIRE = 10
FAULTS, CRASHES = 12, 13
# One process: where it is, how often it may still start, how often it may still go round.
FIRST, WIDTH = 14, 19
SECOND = FIRST + WIDTH
BOTH = FIRST + SECOND
PC, LIVES, ROUNDS, FLAGS, PENDING, UNDECIDED, ABSENT = range(7)
# Per item: what is under way, whether another has changed it since it was read, for how long its sender is known to be dead,
# when it can be judged, and a countdown of what is under way: how long an intent may still be sent; then how long what was
# sent may be on its way; while ruling, when an app that is adopted must be listed.
SUB, STALE, DEAD_FOR, DUE, MAY_SEND = 7, 9, 11, 13, 15
# The intents that are about to be appended: the ticks until they could be judged, and the apps that have started since.
FORMED, SINCE = 17, 18
SIZE = SECOND + WIDTH

FREE, IN_FLIGHT, UNRESOLVED, SUBMITTED = range(4)
# An OWNER that is no running process.
NOBODY = 2
# In FITS, beside a bit for each item: the app started in this tick; the server started it twice.
FRESH, TWIN = 4, 8

OFF, READING, LISTING, CLAIMING, RULING, PLANNING, SUBMITTING = range(7)
# SUB while submitting; while claiming it holds what the list showed that fits (OWN, OTHER, FOREIGN), while ruling the ruling.
TODO, READY, SAID_YES, SAID_NOTHING, SAID_NO, OVERTAKEN, SENT_YES, SENT_NOTHING, SENT_NO = range(1, 10)
OWN, OTHER, FOREIGN = 1, 2, 4
ADOPT_OWN, ADOPT_OTHER, ADOPT_FOREIGN, NOTHING = range(1, 5)
# FLAGS: a doubt must wait; the last list lacked something without showing it; it showed that it lacked something.
WAITS, DOUBTFUL_LIST, MISSING, FIRST_ROUND = 1, 2, 4, 8
# In PENDING, beside a bit for each item that this run must still bring to an end: a hold alone keeps the item from that.
HELD = 4
NEVER = 255

KINDS = (
    "time passes",
    "the request of {item} lands",
    "{who} starts",
    "{who} crashes",
    "{who} reads the ledger",
    "{who} asks for the list{choice}",
    "{who} reads what is claimed, and judges",
    "{who} records its ruling on {item}",
    "{who} makes its plan",
    "{who} appends the intent of {item}",
    "{who} submits {item}: {choice}",
    "{who} records the outcome of {item}",
)
TICK, LAND, START, CRASH, READ, LIST, CLAIM, RULE, PLAN, INTENT, SEND, OUTCOME = range(len(KINDS))

GOES_WELL, LOST_REPLY, LOST_REQUEST, LATE, REFUSED, TOO_LATE, TWICE, TWICE_LOST, GATEWAY_YES, GATEWAY_NO = range(10)
FATES = (
    "accepted",
    "accepted, the reply is lost",
    "the request is lost",
    "cut, the request is still on its way",
    "refused",
    "too late to be sent",
    "accepted twice",
    "accepted twice, the reply is lost",
    "accepted, but the gateway answers 504",
    "not accepted, the gateway answers 504",
)
# A list's quality; its choice is quality * 4 + the apps that it shows, a bit each.
WELL, WRONG, FAILS = range(3)

TWO_APPS = "two live apps for one manifest"
WRONG_APP = "an item was recorded with an app that is not its own"
GUESSED = "one of several candidates was adopted"
FORGOTTEN = "an app whose acceptance was seen is not in the ledger"
STUCK = "a process can make no step"
LOST_APP = "the ledger names an app that does not exist"
OPEN_FOR_EVER = "an intent stays open for ever"
WOULD_REPEAT = "the next run, without any fault, submits what runs already"
WOULD_ASK = "the next run, without any fault, asks a person although at most one app fits"

Label = int
# What a step leads to: a state, or the name of the invariant that it breaks.
Step = tuple[Label, bytes | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What is explored; times are in ticks.

    `shared`: both manifests have one prefix. `near`: the appliers can see whether the other lives. `manifests`: one or both.
    `parallel`: an applier may have both in flight. `twice`: the server may accept a request twice. `beyond`: lateness and lag
    know no bound, and all that is demanded is that what was seen is recorded.
    """

    shared: bool
    near: bool
    manifests: int = 2
    parallel: bool = False
    twice: bool = False
    beyond: bool = False
    deadline: int = 2
    settle: int = 2
    faults: int = 2
    crashes: int = 2
    lives: int = 2
    rounds: int = 2

    def __str__(self) -> str:
        prefixes = "one prefix" if self.shared else "two prefixes"
        where = "one machine" if self.near else "two machines"
        extras = [name for name in ("parallel", "twice", "beyond") if getattr(self, name)]
        budget = f"{self.faults} faults, {self.crashes} crashes, {self.lives} starts each"
        return ", ".join([f"{self.manifests} manifest(s)", prefixes, where, budget, *extras])


def label(kind: int, process: int = FIRST, item: int = 0, choice: int = 0) -> Label:
    """Return a step's label as one number."""
    return ((choice * 2 + item) * 2 + (process > FIRST)) * len(KINDS) + kind


def unlabel(step: Label) -> tuple[int, int, int, int]:
    """Return kind, process, item and choice of a label."""
    rest, kind = divmod(step, len(KINDS))
    rest, process = divmod(rest, 2)
    choice, item = divmod(rest, 2)
    return kind, SECOND if process else FIRST, item, choice


def mirrored(step: Label) -> Label:
    """Return the label of the same step by the other process."""
    kind, process, item, choice = unlabel(step)
    return step if kind in (TICK, LAND) else label(kind, BOTH - process, item, choice)


def describe(step: Label) -> str:
    """Return a label in words."""
    kind, process, item, choice = unlabel(step)
    said = FATES[choice] if kind == SEND else ""
    if kind == LIST:
        quality, shown = divmod(choice, 4)
        apps = ("no app", "the app of manifest 0", "the app of manifest 1", "both apps")[shown]
        said = (f", which shows {apps}", f", which wrongly shows {apps}", ", which fails")[quality]
    who = "applier B" if process == SECOND else "applier A"
    return KINDS[kind].format(who=who, item=f"manifest {item}", choice=said)
