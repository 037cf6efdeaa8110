"""A trained network leaves the house: written for another runtime, and compared with its checkpoint there."""
