"""Audits of networks written from scratch: layers with ``forward`` and ``backward``."""
