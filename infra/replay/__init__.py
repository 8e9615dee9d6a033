"""`./chainstitch replay`: real baskets sold through the public API, every sum checked."""
