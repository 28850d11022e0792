"""PyTorch architectures, one per file."""
