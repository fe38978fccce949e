"""What every answer has to do with HTTP: parameters, bodies, notations, caching, problems."""
