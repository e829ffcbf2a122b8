"""The command line: options to settings, parts put together, results rendered, exit codes."""
