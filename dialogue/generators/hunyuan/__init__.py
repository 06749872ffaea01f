"""The released HunyuanVideo-Avatar weights as a generator."""
