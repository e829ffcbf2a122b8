"""The bounds that a YAML text must keep, each with its reason. Beyond one lies a finding, never a crash."""

from __future__ import annotations

# The deepest manifest nests 6 levels; 64 leaves room and stays far from Python's recursion limit.
MAX_DEPTH = 64
# In characters. A submit body with a longer string would not pass the service; a long script belongs in a file.
MAX_SCALAR = 65_536
# In characters of one number as written. No field needs 20; Python refuses to print some thousands.
MAX_NUMBER = 100
# In values plus characters, after aliases are written out. Four times the largest file; a bomb needs far more.
MAX_EXPANDED = 4 * 1_048_576
# In values of one file. A thousand manifests have half as many; each costs a kilobyte while the file is looked at.
MAX_VALUES = 100_000
# In findings for one file. Nobody reads on after so many, and a hostile file could have one a byte.
MAX_FINDINGS = 200
# In bytes for one file (`sources`). A thousand manifests fit; a larger file is not a manifest.
MAX_FILE = 1_048_576
# In parsers started for one file, each after a document that could not be read: more would cost quadratic time.
MAX_RESTARTS = 300
# In characters of a key as written. libyaml looks no further for its colon.
MAX_KEY = 1024
# In characters of a message or a help, which repeat what stands in the file.
MAX_MESSAGE = 240
# In characters that the edits of one finding write, each of them counted once more: reports repeat them.
MAX_EDIT = 4096
