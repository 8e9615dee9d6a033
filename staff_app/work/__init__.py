"""What staff do, a module per noun of the trade; each changes observables and asks the gateway."""
