"""Studies: the evidence for what the package claims. On top of the package, and imported by nothing in it."""
