class ConflictError(Exception):
    """What a form began from was changed elsewhere since: nothing is written over it."""
