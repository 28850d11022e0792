"""What `benchmarks/similarity.py` runs in processes of their own: copydetect, and one measured comparison of a class."""
