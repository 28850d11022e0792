"""Objectives and update rules, one per file; they take any `nn.Module`."""
