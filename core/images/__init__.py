"""From the bytes of a file to prepared pixels, and sets of images."""
