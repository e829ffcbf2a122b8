"""The CI pipelines that `dfsubmit init --ci` writes, and this project's own workflows, which are made of the same texts."""
