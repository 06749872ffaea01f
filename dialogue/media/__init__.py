"""One file of media at a time: recordings and pictures, and what is heard and seen in them."""
