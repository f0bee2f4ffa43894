"""Any table of people, compared as a model file says: columns, levels, classes and block keys without code."""
