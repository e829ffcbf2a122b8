"""From an error of the models to a finding that a person can act on. `judge` is the way in.

fields     what the models say about a path: keys, types, bounds        strays    unknown keys, and what they were meant to be
fault      one error with all that its words need                       wording   a sentence and a help for each type of error
mistyped   values of the wrong type, and how to write them              offence   which character breaks a pattern
quoting    values as parts of a message
"""
