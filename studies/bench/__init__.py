"""Timings, and readers fed damaged inputs."""
