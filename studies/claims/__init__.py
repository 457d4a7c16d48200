"""The published claims against posteriors on the real leaderboard."""
