"""The peg as pure integer rules: PMM curve and pools, price history, gold mesh, stabiliser, reserves, peg equation.

Every rule has a twin in `contracts/src` that gives the same integers for the same arguments; each module names it, and
`tests/differential` holds them equal on a local chain. docs/mechanism.md explains what the rules are for.
"""
