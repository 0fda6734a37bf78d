"""Dynamic-weight pools: prices, parameters, rules, pools, hooks, objectives, backtests."""
