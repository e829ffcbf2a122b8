"""Did you mean: the one known word that a misspelt word was meant to be.

Distances are optimal string alignment (insert, delete, replace, swap neighbours), on words that are folded first: letter
case, `-` and `_` do not count, so `AIWorkspaceId` and `name_prefix` are at distance 0 from the real names. A word gets a
suggestion only when one candidate is strictly closest and close enough for its length; a guess that could be
two things is worse than none. Words of any length are safe: long ones are not compared at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# No name of the model is longer than half of this; comparing longer words would only cost time.
_LONGEST = 64
# Three letters more or less, and as many hyphens or underscores.
_LENGTHS_APART = 6


def fold(word: str) -> str:
    """Return `word` without what people get wrong first: letter case, hyphens, underscores and blanks."""
    return word.casefold().replace("-", "").replace("_", "").replace(" ", "")


def distance(left: str, right: str) -> int:
    """Return the least number of inserted, deleted, replaced or swapped neighbouring characters."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        before, last, row = row, before, [i]
        for j, b in enumerate(right, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that `word` was surely meant to be; None when none or several fit."""
    if len(word) > _LONGEST:
        return None
    folded = fold(word)
    similar = {one for one in candidates if abs(len(one) - len(word)) <= _LENGTHS_APART}
    scored = sorted((distance(folded, fold(candidate)), candidate) for candidate in similar)
    scored = [(score, candidate) for score, candidate in scored if score <= _allowed(folded, fold(candidate))]
    if not scored or (len(scored) > 1 and scored[1][0] == scored[0][0]):
        return None
    return scored[0][1]


def _allowed(word: str, candidate: str) -> int:
    """Return the distance up to which two folded words may be the same: a third of the longer, at most 3."""
    return min(max(len(word), len(candidate)), 9) // 3 if len(word) > 1 else 0
