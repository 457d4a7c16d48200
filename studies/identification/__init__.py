"""How often base models are identified rightly, on hand-checked samples."""
