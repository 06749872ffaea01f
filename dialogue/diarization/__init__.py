"""Who speaks when in a mixed recording, and which of the cast each voice is."""
