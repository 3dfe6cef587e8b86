"""What is measured: of letters, of latent spaces, of image models; and intervals."""
