"""Who moved their mouth when in a finished film, held against the plan."""
