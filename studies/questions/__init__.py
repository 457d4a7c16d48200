"""Do the analyses recover a known truth: intervals that hold it, verdicts that are right."""
