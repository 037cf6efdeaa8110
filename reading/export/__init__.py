"""A trained network leaves the house: written in the form of another runtime, and compared with its checkpoint there."""
