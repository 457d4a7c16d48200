"""Questions to a fit that go beyond a boundary's height, each answered by draws, with verdicts apart from numbers."""
