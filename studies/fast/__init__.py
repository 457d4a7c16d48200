"""A fast posterior for studies that need a thousand fits."""
