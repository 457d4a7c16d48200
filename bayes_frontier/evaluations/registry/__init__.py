"""Base models: the registry of them, and which of them a row descends from."""
