"""What a backtest is judged by."""
