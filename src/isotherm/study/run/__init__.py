"""How a study is run, resumed, found again and compared."""
