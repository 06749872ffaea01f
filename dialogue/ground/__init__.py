"""What everything stands on: boxes, times, errors, segments, files that appear whole."""
