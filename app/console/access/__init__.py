"""Who may see and do what: logins, sessions, roles."""
