"""Data protection: everything held on somebody as one archive, and erasure of what no law requires to keep.

customers leads both as jobs over all services; each service finds, hands in and erases its own.
"""
