"""The lab format: from source to handout, and from submissions to files."""
