"""One file per leaderboard: where it is and how to read it. No Dagster, no I/O, no environment."""
