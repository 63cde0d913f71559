"""Prints the differences between two running masters, each with two idle agents."""

import importlib
import pkgutil
import sys

from . import scenarios
from .run import SCENARIOS, compare

for module in pkgutil.iter_modules(scenarios.__path__):
    importlib.import_module(f"{scenarios.__name__}.{module.name}")
real, ours, *chosen = sys.argv[1:]
different = 0
for name in chosen or SCENARIOS:
    compared, found = compare(name, real, ours)
    different += bool(found)
    sys.stdout.write(f"{'differs' if found else 'same   '} {name} ({compared})\n")
    sys.stdout.writelines(f"    {line}\n" for line in found)
    sys.stdout.flush()
sys.exit(1 if different else 0)
