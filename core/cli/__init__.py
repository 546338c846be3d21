"""The command line: one thin module for each command, over the functions of core.

Modules import torch, pandas and the like inside their commands, so that `--help` and the lists
are fast.
"""
