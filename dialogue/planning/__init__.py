"""From a scene and the measures of its media to a plan: pure, deterministic, no torch."""
