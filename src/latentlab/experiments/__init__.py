"""The experiments: of each its plan, what it computes with, tables, figures and chapter."""
