"""The contest of designs on a replayed leaderboard."""
