"""The catalog on SQLite or PostgreSQL: tables, transactions, commands in, records and events out."""
