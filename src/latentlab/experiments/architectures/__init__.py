"""Which of the architectures learns the letters best? (1.a)"""
