"""Corpora for finding copied work: programs as different students write them, and what a copier does to one."""
