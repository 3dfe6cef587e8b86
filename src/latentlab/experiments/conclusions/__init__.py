"""The claims of the original study, and any of ours, tested."""
