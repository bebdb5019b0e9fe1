"""The HTTP API: what analysts read, for programs; requests for models; and the old addresses of BudModel."""
