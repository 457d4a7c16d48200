"""Checks of a fit, one file each: its numbers, limits, verdict and sentence; and backtests."""
