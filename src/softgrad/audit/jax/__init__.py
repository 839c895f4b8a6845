"""Audits of functions of JAX's."""
