"""Everyone who is measured: a module each, with a function for each work that it offers.

Such a function takes a :class:`~bench.kernels.cases.Case` and returns a call without arguments,
ready to be timed. What a module does not offer is shown as "-". A function that is called
``every_work`` stands for all the others.
"""
