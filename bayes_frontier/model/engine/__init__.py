"""The fast engine: the likelihood and base-model effects as compiled operations with exact gradients."""
