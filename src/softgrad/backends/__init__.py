"""Run a member in NumPy, torch, JAX or any array-API library.

Each module holds one function, ``solve(member, axis, operands, constants)``, which returns the
member's fields as arrays that the library can differentiate to every order it supports.
"""
