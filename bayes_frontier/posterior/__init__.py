"""From draws to answers: boundaries, attainable scores, compute needed, predictions, and their storage."""
