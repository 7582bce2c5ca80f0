"""What is imported from beside."""

NAME = __name__
