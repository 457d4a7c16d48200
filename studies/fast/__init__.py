"""A fast posterior for studies that need a thousand fits. It knows sigmoids only, no bends: specifications as here."""

from bayes_frontier.model.spec import ModelSpec, read_spec


def sigmoid_spec(model: str = "hierarchical") -> ModelSpec:
    """Read a specification whose boundaries are sigmoids, as the fast posterior has them."""
    spec = read_spec(model)
    return spec.model_copy(update={"structure": spec.structure.model_copy(update={"curve": "sigmoid"})})
