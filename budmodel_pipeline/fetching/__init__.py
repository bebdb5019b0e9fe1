"""Downloads that fail, stall or lie: HTTP with budgets, retries and address checks. Knows neither models nor tables."""
