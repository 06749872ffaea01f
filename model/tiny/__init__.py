"""The small trained model of the same architecture, for drawn characters."""
