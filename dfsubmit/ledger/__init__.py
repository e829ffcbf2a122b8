"""Where the record of submissions is kept: `base` has the contract."""
