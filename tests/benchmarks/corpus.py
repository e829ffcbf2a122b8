"""Manifests by the thousand, for measuring: right ones, and ones that are wrong in one place each.

The same seed gives the same bytes. A manifest has 37 lines and some 850 bytes, a folder a hundred of them. No name,
output or prefix stands twice, so that a right corpus has no finding at all. A wrong manifest is a right one with one fault, of
the six kinds in `FAULTS` in turn: four that the model finds, two that the parser does.

    python tests/benchmarks/corpus.py FOLDER [FILES] [--wrong]
"""

from __future__ import annotations

import argparse
import random
import string
from pathlib import Path

SEED = 20261123
A_FOLDER = 100

_MANIFEST = """\
# {title}
apiVersion: dfsubmit/v1
kind: AiApp
metadata:
  name: app-{number:07}
  generation: {generation}
  labels:
    team: {team}
    cost-center: "{cost}"
spec:
  aiWorkspaceId: {workspace}
  namePrefix: {prefix}
  data:
    input:
      - hdfs: /user/{team}/in/{number:07}
        path: data_in
      - hdfs: /user/{team}/vocabulary/{vocabulary}
        path: vocabulary
    output:
      - hdfs: /user/{team}/out/{number:07}
        path: data_out
        overwrite: {overwrite}
  docker:
    image: pytorch/pytorch:{image}
    command: python train.py
    args: --epochs {epochs} --rate {rate} --seed {number} --warmup-steps {vocabulary} --checkpoint-every 1000
    env:
      EPOCHS: "{epochs}"
      MODE: {mode}
      HF_TOKEN: {{fromEnv: HF_TOKEN}}
    exposeTcpPorts:
      - {port}
  resource:
    cpuCount: {cpus}
    gpuCount: {gpus}
    gpuModel: {model}
    memoryMb: {memory}
"""

# What stands there, and what stands there instead.
FAULTS = (
    ("kind: AiApp\n", "kind: AiApp\nkind: AiApp\n"),  # a key twice
    ("    image: ", "    imge: "),  # a misspelt key
    ("    memoryMb: ", "    memoryMb: about "),  # a text for a number
    ("    command: python train.py\n", ""),  # a key that is missing
    ("  namePrefix: ", "  namePrefix: much-too-long-"),  # a text that is too long
    ("    exposeTcpPorts:\n      - ", "    exposeTcpPorts: [\n      - "),  # a bracket that nothing closes
)


def right(number: int) -> str:
    """Return the manifest of a number, which has no fault."""
    dice = random.Random(f"{SEED}-{number}")
    return _MANIFEST.format(
        number=number,
        title=dice.choice(("fine-tuning for the weekly report", "a run of the grid over learning rates", "baseline")),
        generation=dice.randint(1, 3),
        team=dice.choice(("nlp", "vision", "speech", "ranking")),
        cost=f"{dice.randrange(10_000):04}",
        workspace="".join(dice.choices(string.ascii_letters + string.digits, k=22)),
        prefix=_prefix(number),
        vocabulary=dice.randrange(1_000),
        overwrite=dice.choice(("true", "false")),
        image=dice.choice(("2.3.1", "2.4.0-cuda12.4", "2.5.1")),
        epochs=dice.randint(1, 90),
        rate=f"{dice.randint(1, 99)}e-{dice.randint(3, 6)}",
        mode=dice.choice(("train", "eval", "no", "on")),
        port=dice.randint(1_024, 65_535),
        cpus=dice.randint(1, 32),
        gpus=dice.randint(1, 8),
        model=dice.choice(("V100", "T4")),
        memory=1_024 * dice.randint(8, 256),
    )


def wrong(number: int) -> str:
    """Return the manifest of a number with one fault."""
    stands, instead = FAULTS[number % len(FAULTS)]
    return right(number).replace(stands, instead, 1)


def _prefix(number: int) -> str:
    """Return the number in letters, eight of them."""
    letters = []
    for _ in range(8):
        number, letter = divmod(number, 26)
        letters.append(string.ascii_lowercase[letter])
    return "".join(reversed(letters))


def write(folder: Path, files: int, *, faulty: bool = False) -> Path:
    """Write `files` manifests into folders below `folder`, which is made, and return it."""
    make = wrong if faulty else right
    for number in range(files):
        inside = folder / f"{number // A_FOLDER:05}"
        if number % A_FOLDER == 0:
            inside.mkdir(parents=True)
        (inside / f"app-{number:07}.yaml").write_text(make(number))
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("files", type=int, nargs="?", default=10_000)
    parser.add_argument("--wrong", action="store_true")
    asked = parser.parse_args()
    write(asked.folder, asked.files, faulty=asked.wrong)


if __name__ == "__main__":
    main()
