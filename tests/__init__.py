"""Tests mirror the packages; the folder is a package so that none of its rooms hides an installed one of the same name."""
