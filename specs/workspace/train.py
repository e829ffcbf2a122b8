"""Train a small classifier and measure it: will a job finish, or run out of memory or time.

Softmax regression by gradient descent, written out so that each step can be read. Reads data_in/jobs.csv (columns: see
make_inputs.py). Writes data_out/metrics.json, data_out/confusion.txt and data_out/model.json. The same arguments give
the same result.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import random
from collections import Counter
from pathlib import Path

Vector = list[float]
Example = tuple[Vector, int]  # features and the number of the class

FEATURES = ["model_millions", "batch_size", "sequence_length", "steps"]
CLASSES = ["finished", "out-of-memory", "out-of-time"]


def read_examples(path: Path) -> list[Example]:
    """Read the jobs. Features span orders of magnitude, so their logarithms are what the model sees."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            ([math.log10(float(row[name])) for name in FEATURES], CLASSES.index(row["outcome"]))
            for row in csv.DictReader(file)
        ]


def with_products(features: Vector) -> Vector:
    """Add the product of each pair, so that the borders between the classes may bend, and 1 for the bias."""
    pairs = [a * b for i, a in enumerate(features) for b in features[i:]]
    return [*features, *pairs, 1.0]


def scale(examples: list[Example], means: Vector, deviations: Vector) -> list[Example]:
    """Bring each feature to mean 0 and deviation 1, as measured on the training part."""
    return [
        (with_products([(x - m) / d for x, m, d in zip(features, means, deviations, strict=True)]), label)
        for features, label in examples
    ]


def probabilities(weights: list[Vector], features: Vector) -> Vector:
    """Return the model's probability of each class."""
    scores = [sum(w * x for w, x in zip(row, features, strict=True)) for row in weights]
    highest = max(scores)  # subtracted, so that exp cannot overflow
    powers = [math.exp(score - highest) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


def gradient_step(weights: list[Vector], examples: list[Example], learning_rate: float) -> float:
    """Move `weights` one step downhill over all examples, and return the loss before the step."""
    slopes = [[0.0] * len(row) for row in weights]
    loss = 0.0
    for features, label in examples:
        predicted = probabilities(weights, features)
        loss -= math.log(max(predicted[label], 1e-12))
        for number, slope in enumerate(slopes):
            error = predicted[number] - (number == label)
            for column, x in enumerate(features):
                slope[column] += error * x
    for row, slope in zip(weights, slopes, strict=True):
        for column, value in enumerate(slope):
            row[column] -= learning_rate * value / len(examples)
    return loss / len(examples)


def confusion(weights: list[Vector], examples: list[Example]) -> Counter[tuple[int, int]]:
    """Count the pairs (what it was, what the model said)."""
    counts: Counter[tuple[int, int]] = Counter()
    for features, label in examples:
        predicted = probabilities(weights, features)
        counts[label, predicted.index(max(predicted))] += 1
    return counts


def confusion_text(counts: Counter[tuple[int, int]]) -> str:
    """Draw the confusion matrix: a row for what happened, a column for what was predicted."""
    lines = ["actual \\ predicted" + "".join(f"{name:>15}" for name in CLASSES)]
    lines += [
        f"{name:<18}" + "".join(f"{counts[row, column]:>15}" for column in range(len(CLASSES)))
        for row, name in enumerate(CLASSES)
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Read, split, train, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=150)
    parser.add_argument("--learning-rate", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    examples = read_examples(Path("data_in") / "jobs.csv")
    random.Random(options.seed).shuffle(examples)
    border = len(examples) * 3 // 4
    training, test = examples[:border], examples[border:]

    columns = list(zip(*(features for features, _ in training), strict=True))
    means = [math.fsum(column) / len(column) for column in columns]
    deviations = [
        math.sqrt(math.fsum((x - m) ** 2 for x in column) / len(column))
        for column, m in zip(columns, means, strict=True)
    ]
    training, test = scale(training, means, deviations), scale(test, means, deviations)

    weights = [[0.0] * len(training[0][0]) for _ in CLASSES]
    loss = math.inf
    for epoch in range(1, options.epochs + 1):
        loss = gradient_step(weights, training, options.learning_rate)
        if epoch % 25 == 0 or epoch == options.epochs:
            print(f"epoch {epoch:>4}  loss {loss:.4f}")

    counts = confusion(weights, test)
    correct = sum(counts[number, number] for number in range(len(CLASSES)))
    commonest = max(Counter(label for _, label in test).values())
    metrics = {
        "accuracy": round(correct / len(test), 4),
        "accuracy_of_always_guessing_the_commonest": round(commonest / len(test), 4),
        "training_loss": round(loss, 4),
        "training_jobs": len(training),
        "test_jobs": len(test),
        "epochs": options.epochs,
        "learning_rate": options.learning_rate,
        "seed": options.seed,
    }
    model = {
        "classes": CLASSES,
        "features": [f"log10({name})" for name in FEATURES],
        "means": [round(m, 6) for m in means],
        "deviations": [round(d, 6) for d in deviations],
        "weights": [[round(w, 6) for w in row] for row in weights],
    }
    out = Path("data_out")
    out.mkdir(exist_ok=True)
    (out / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    (out / "model.json").write_text(json.dumps(model, indent=2) + "\n", encoding="utf-8")
    (out / "confusion.txt").write_text(confusion_text(counts), encoding="utf-8")
    print(f"{correct} of {len(test)} test jobs predicted right ({metrics['accuracy']:.1%})")


if __name__ == "__main__":
    main()
