"""What every service of Commis needs, without a business word.

Each service creates the tables it needs in its own database by its own migrations.
"""
