"""How unlike the usual an image is: scores, what they are made of, and where the line is drawn."""
