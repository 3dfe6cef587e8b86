"""Finding weights: Powell, gradients, image models; each optimizer behind one door."""
