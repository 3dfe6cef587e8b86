"""How well are letters cleaned of noise, fresh noise included? (1.b)"""
