"""Bytes that nobody means well: what must hold of framing, decoders and validation whatever comes in.

`make test` tries some thousand inputs (`test_whatever_comes_in`); ``python -m tests.fuzz 600`` tries on for ten minutes
and prints what it found, with the seed that finds it again.
"""
