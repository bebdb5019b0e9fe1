"""The `budmodel` command: options, tables, progress, quick start. What a command finds out, a lower room does."""
