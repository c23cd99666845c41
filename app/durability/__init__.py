"""se3 verify durability: a scratch instance under load, whose processes are killed, and the account of it."""
