"""The people of a podcast, the same in every episode: their pictures, faces, emotions and voices."""
