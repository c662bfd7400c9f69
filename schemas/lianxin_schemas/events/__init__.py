"""Events, one subject a file. Past tense; the whole new state of a fact when they change an earlier one."""
