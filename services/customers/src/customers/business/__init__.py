"""Business profiles: asked for by customers, decided by staff, removed by an administrator."""
