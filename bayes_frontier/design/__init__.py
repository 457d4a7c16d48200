"""What to evaluate next: expected information about boundaries under a budget."""
