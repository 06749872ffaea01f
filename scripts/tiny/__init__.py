"""A world of drawn, talking characters: what the tiny model is trained and measured on."""
