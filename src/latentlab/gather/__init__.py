"""From the results of single cells to tables and metrics: a module an experiment."""
