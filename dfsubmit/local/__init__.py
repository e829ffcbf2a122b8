"""A whole Data Forest on one machine. Shares no code with `dataforest`, so that a mistake is not made twice."""
