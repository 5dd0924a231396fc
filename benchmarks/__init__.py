"""How fast it is: ratios against baselines taken in the same run. `python -m benchmarks` runs all
parts.

Machines differ and are busy with other things: no figure here stands for itself.
"""
