"""A machine set up for films: what it has and lacks, the models it can fetch."""
