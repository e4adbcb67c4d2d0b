"""Rules of what derivatives are worth: pure, in decimals of fixed precision, never in floats."""
