"""Tables and documents as they are found: bytes, sheets, cells and columns, before their format is known."""
