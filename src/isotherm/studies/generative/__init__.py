"""How well learners reproduce a joint distribution of venues."""
