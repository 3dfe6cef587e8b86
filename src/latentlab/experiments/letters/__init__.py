"""The named networks, their latent planes, new letters. (1.a)"""
