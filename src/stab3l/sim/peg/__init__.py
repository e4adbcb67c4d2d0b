"""The peg simulated: the contracts' integer rules (engine/src/peg), agents, stress scenarios, measures and reports.

`docs/guides/simulator.md` explains the models and how to write a scenario.
"""
