"""The cutting room: a page in the browser, served from this machine, in which a scene is seen, heard and corrected."""
