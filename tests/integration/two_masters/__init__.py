"""The same calls to a real master and to the embedded one, and every answer compared.

``python -m tests.integration.two_masters REAL_URL OUR_URL [SCENARIO…]`` prints the differences.
"""
