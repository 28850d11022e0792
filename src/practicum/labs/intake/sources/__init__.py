"""Submissions that come from elsewhere than a folder with an entry per student: git, nbgrader, Gradescope, Otter."""
