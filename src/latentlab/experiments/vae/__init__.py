"""Image autoencoders, variational and plain. (2.)"""
