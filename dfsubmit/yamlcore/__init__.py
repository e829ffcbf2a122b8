"""The parts of `document`: YAML 1.2 read on top of a parser's events.

`source` turns bytes into text and offsets into lines and columns, `scalars` resolves plain scalars by the
core schema, `compose` builds values and keeps the place of each, `faults` words what a parser refused, and
`limits` holds every bound. Nothing here imports a parser; nothing outside `document` uses it.
"""
