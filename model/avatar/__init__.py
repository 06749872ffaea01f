"""HunyuanVideo-Avatar as an architecture: transformer, conditions, windows, pipeline."""
