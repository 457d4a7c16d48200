"""Sources of evaluations, one file a format. Each recognises its table and parses it into `Lines`."""
