"""The error tree: failures of a run, each with its exit code.

A user's mistakes in manifests are not here: they are data (`diagnostics.Diagnostic`). A class exists
where a caller would act differently. Foreign errors are mapped to these where they enter, with
`raise … from`. Nothing a user, a file or a server does may show a traceback.

DfsubmitError                1   anything that is wrong and has no better class
├── InputError               1   the files given cannot be used: none matched, unreadable
├── DeclinedError            1   the prompt was answered with no
├── LedgerError              1   the ledger cannot be read or written
│   └── LedgerCorruptError   1   the ledger's content is not what dfsubmit wrote
├── EngineError              1   the engine refused or could not be reached
│   ├── CredentialsError     1   no usable keys, or the service refused them
│   ├── NotOfferedError      1   404 on aiapps/*: the API may not be offered
│   └── NoSuchAppError       1   the engine does not know that app
├── UnresolvedError          3   submissions remain in doubt
├── LostRaceError            4   another applier won every wanted item
├── LimitError               5   refused by a limit or policy
├── StalePlanError           6   a saved plan or an expected token has been overtaken
├── UsageError              64   the command line makes no sense
└── InterruptError     130/143   stopped by SIGINT or SIGTERM, after an orderly end
"""

from __future__ import annotations


class DfsubmitError(Exception):
    """A failure with a message for a person, a tip where one exists, and an exit code."""

    exit_code = 1

    def __init__(self, message: str, *, tip: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.tip = tip


class InputError(DfsubmitError):
    """The files that were given cannot be used."""


class DeclinedError(DfsubmitError):
    """The person at the prompt said no."""


class LedgerError(DfsubmitError):
    """The ledger cannot be read or written."""


class LedgerCorruptError(LedgerError):
    """The ledger holds something that dfsubmit did not write; nothing may be submitted from it."""


class EngineError(DfsubmitError):
    """The engine refused a request or could not be reached. Never raised for the fate of a submit."""


class CredentialsError(EngineError):
    """No usable keys were found, or the service refused them."""


class NotOfferedError(EngineError):
    """The service answers 404 on aiapps/*: it may not offer that API."""


class NoSuchAppError(EngineError):
    """The engine does not know the app that was asked for."""


class UnresolvedError(DfsubmitError):
    """Submissions remain whose outcome is unknown."""

    exit_code = 3


class LostRaceError(DfsubmitError):
    """Another applier won every item that this one wanted."""

    exit_code = 4


class LimitError(DfsubmitError):
    """A limit or a policy refuses the run."""

    exit_code = 5


class StalePlanError(DfsubmitError):
    """A saved plan or an expected token no longer describes what would be done."""

    exit_code = 6


class UsageError(DfsubmitError):
    """The command line makes no sense."""

    exit_code = 64


class InterruptError(DfsubmitError):
    """A signal stopped the run after what was in flight had been recorded."""

    def __init__(self, message: str, *, signal_number: int, tip: str = "") -> None:
        super().__init__(message, tip=tip)
        self.exit_code = 128 + signal_number
