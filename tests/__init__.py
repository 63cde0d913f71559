"""Tests mirror the packages; a package itself, so that its room `marathon` hides no installed `marathon`."""
