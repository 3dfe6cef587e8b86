"""The pages: the report of all chapters, and the explorer."""
