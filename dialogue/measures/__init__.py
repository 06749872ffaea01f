"""The one look at the media before planning."""
