"""Read what a class submitted. None of it is trusted."""
