"""Runs the stack."""
