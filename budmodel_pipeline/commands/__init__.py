"""The `budmodel` command: options, tables, progress, quick start."""
