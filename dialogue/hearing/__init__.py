"""A script laid over a recording by hearing it: which line is said when, and where the two differ."""
