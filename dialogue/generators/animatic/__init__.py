"""The animatic: any picture, moved by the voice."""
