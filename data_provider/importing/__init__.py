"""Data sets as people have them → a data set of this project; a file for each form, one that writes."""
