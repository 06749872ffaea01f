"""The small trained model that ships, as a generator."""
