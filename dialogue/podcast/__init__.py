"""From recordings to films, one or a thousand: each episode a scene from a template, planned, rendered, reported."""
