"""A run that goes on: what the callback keeps, takes up again, links to and saves at the end."""
