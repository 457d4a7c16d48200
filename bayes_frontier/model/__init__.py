"""The statistical model: specification, curve, likelihood, priors, wiring and sampling."""
