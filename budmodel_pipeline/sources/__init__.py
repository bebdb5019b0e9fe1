"""One file per leaderboard: where it is, what it measures, and `parse`, which makes scores of its bytes."""
