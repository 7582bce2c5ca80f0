"""How commands show what they have to say: in the terminal, and as a page."""
