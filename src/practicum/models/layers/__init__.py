"""What architectures are made of: attention, norms, initialisers, sparse matrices, the selective scan."""
