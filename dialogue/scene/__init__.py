"""The scene language: what a person writes."""
