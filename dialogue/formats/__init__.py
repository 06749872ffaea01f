"""Files of turns and captions that other programs write and read: RTTM, SRT, VTT."""
