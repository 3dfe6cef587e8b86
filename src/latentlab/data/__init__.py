"""What the study is computed from: fonts, noise, images and where they come from."""
