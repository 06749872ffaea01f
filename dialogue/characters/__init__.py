"""The ready characters that a scene can start with."""
