"""A package that is run."""

print("package", __name__)
