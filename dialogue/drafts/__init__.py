"""Draft voices: lines that have no recording yet, spoken by a machine so that a script can be heard and seen."""
