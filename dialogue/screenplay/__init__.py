"""Scripts as people have them: Fountain, names and words, other programs' jobs; read, and written as a scene."""
