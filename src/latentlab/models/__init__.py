"""The autoencoders in NumPy: of letters and of images."""
