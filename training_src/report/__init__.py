"""The report that a user opens first, in the language of the stack."""
