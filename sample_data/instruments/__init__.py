"""One simulated instrument a module."""
