"""What the API and the pages share of HTTP: parameters, bodies, negotiation, caching, errors."""
