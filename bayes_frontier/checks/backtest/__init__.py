"""Backtests: each period predicted from those before it, beside baselines."""
