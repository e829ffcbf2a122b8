"""Fail on purpose, with a message that says so and the exit code that was asked for."""

from __future__ import annotations

import argparse
import sys

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--code", type=int, default=1)
    options = parser.parse_args()
    print("looking for the training data ...", flush=True)
    print(f"error: there is none; this sample fails on purpose, with exit code {options.code}", file=sys.stderr)
    sys.exit(options.code)
