"""The claims of the original study, tested."""
