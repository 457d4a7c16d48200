"""What to evaluate next: expected information about boundaries under a budget."""

from bayes_frontier.design.planning import Plan, Question, plan
from bayes_frontier.design.updating import Update, update

__all__ = ["Plan", "Question", "Update", "plan", "update"]
