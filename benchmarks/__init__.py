"""Commands that print ratios: our times over floors measured in the same run, so that any machine may be compared."""
