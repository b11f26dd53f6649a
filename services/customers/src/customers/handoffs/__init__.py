"""Hand-offs: a platform's signed statement becomes a one-time code, and the code an assisted session."""
