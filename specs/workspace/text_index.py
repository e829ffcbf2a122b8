"""Index a folder of short texts and search them: an inverted index, weighted by TF-IDF.

Reads data_in/*.txt (first line: title). Writes data_out/index.json (term -> document -> count) and data_out/report.txt
(the terms that tell each text from the others, and an answer to each query).
"""

from __future__ import annotations

import argparse
import json
import math
import re
from collections import Counter, defaultdict
from pathlib import Path

Index = dict[str, dict[str, int]]  # term -> document -> how often it stands there
Scores = dict[str, float]

PLURALS = {"ies": "y", "ches": "ch", "shes": "sh", "sses": "ss", "ss": "ss", "us": "us", "is": "is", "fs": "fs"}
COMMON_WORDS = """
a about all also an and any are as at be because been before but by can do does each for from had has have how if in into is
it its may more must no none not of on one only or other out over so than that the their them then there these they this
to too two up was what when where which while who will with without would you
"""


def singular(word: str) -> str:
    """Take the plural off a word, so that `batch` finds `batches`. A rule of thumb, and wrong now and then."""
    for ending, instead in PLURALS.items():
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word.removesuffix(ending) + instead
    return word.removesuffix("s")


def terms(text: str) -> list[str]:
    """Cut a text into lower-case words in the singular; leave out the commonest."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    common = COMMON_WORDS.split()
    return [singular(word) for word in words if word not in common and len(word) > 1]


def build_index(texts: dict[str, str]) -> Index:
    """Turn documents into an index of the terms in them."""
    index: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for name, text in texts.items():
        for term, count in Counter(terms(text)).items():
            index[term][name] = count
    return dict(sorted(index.items()))


def weights(index: Index, documents: int) -> dict[str, Scores]:
    """Return document -> term -> TF-IDF, each document scaled to length 1 so that long texts do not win by length."""
    vectors: defaultdict[str, Scores] = defaultdict(dict)
    for term, places in index.items():
        rarity = math.log(documents / len(places))
        for name, count in places.items():
            vectors[name][term] = (1 + math.log(count)) * rarity
    return {name: scaled(vector) for name, vector in sorted(vectors.items())}


def scaled(vector: Scores) -> Scores:
    """Return `vector` with length 1."""
    length = math.sqrt(math.fsum(value * value for value in vector.values()))
    return {term: value / length for term, value in vector.items()} if length else vector


def best(scores: Scores, count: int) -> list[str]:
    """Return the keys with the highest scores above 0; equals in the order of the alphabet."""
    return sorted((key for key, score in scores.items() if score > 0), key=lambda key: (-scores[key], key))[:count]


def search(vectors: dict[str, Scores], query: str) -> Scores:
    """Score each document by the weights of the query's terms in it."""
    return {name: math.fsum(vector.get(term, 0.0) for term in set(terms(query))) for name, vector in vectors.items()}


def report(texts: dict[str, str], vectors: dict[str, Scores], queries: list[str]) -> str:
    """Write what a reader wants to know."""
    titles = {name: text.partition("\n")[0] for name, text in texts.items()}
    lines = ["What each text is about", ""]
    lines += [f"  {name:<16} {', '.join(best(vector, 5))}" for name, vector in vectors.items()]
    for query in queries:
        scores = search(vectors, query)
        lines += ["", f"Search: {query}", ""]
        lines += [f"  {scores[name]:.3f}  {name:<16} {titles[name]}" for name in best(scores, 3)] or ["  nothing found"]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Read the texts, index them, answer the queries, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--query", action="append", nargs="+", default=[], metavar="WORD", help="may be given again")
    options = parser.parse_args()

    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(Path("data_in").glob("*.txt"))}
    index = build_index(texts)
    vectors = weights(index, len(texts))
    text = report(texts, vectors, [" ".join(words) for words in options.query])

    out = Path("data_out")
    out.mkdir(exist_ok=True)
    (out / "index.json").write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    (out / "report.txt").write_text(text, encoding="utf-8")
    print(f"indexed {len(texts)} texts, {len(index)} terms")
    print(text, end="")


if __name__ == "__main__":
    main()
