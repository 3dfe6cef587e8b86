"""Files as jobs read and write them: arrays, tables, YAML."""
