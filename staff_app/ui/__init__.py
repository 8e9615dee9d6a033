"""Pieces of screens that are used in more than one of them."""
