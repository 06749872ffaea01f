"""The released Hallo3 weights as a generator."""
