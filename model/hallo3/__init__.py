"""Hallo3 as an architecture and its released weights: one portrait and one voice to a talking video of any length."""
