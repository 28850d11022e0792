"""How alike the pairs of a class are, and which of them are more alike than an honest class has."""
