"""Powell against gradients, at the same cost. (1.a)"""
