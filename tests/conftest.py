"""What every test shares. Fixtures of one kind of test live beside it."""
