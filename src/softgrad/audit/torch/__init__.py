"""Audits of models of torch's."""
