"""The admin password of the dashboard, as whoever starts it and whoever opens its pages must agree on it."""

PASSWORD = "BAYESNET_ADMIN_PASSWORD"  # noqa: S105  (the name of the variable that holds it)
"""The environment variable. Where it is set, the password is asked for from everybody."""
SHORTEST = 12
"""Characters of a password; a shorter one opens nothing."""
