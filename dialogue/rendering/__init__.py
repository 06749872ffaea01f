"""From a plan to a film: shots made, kept and found again, mixed and joined."""
