"""The released weights of HunyuanVideo-Avatar: reading them, and the encoders around them."""
