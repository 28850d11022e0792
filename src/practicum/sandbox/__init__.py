"""Run untrusted Python and speak plain data with it. Knows no lab."""
