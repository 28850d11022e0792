"""Programs in a canonical form, in which two ways to write one thing are the same."""
