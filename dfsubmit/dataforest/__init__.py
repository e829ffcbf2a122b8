"""The Data Forest service: `wire` decides without I/O, `client` sends."""
