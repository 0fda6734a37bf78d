"""Planning by search: trees of choices and observations, in which beliefs learn from what will be seen."""
