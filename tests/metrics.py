"""The content of /metrics, parsed for tests."""

from prometheus_client.parser import text_string_to_metric_families

Figures = dict[tuple[str, frozenset[tuple[str, str]]], float]
"""The value of each series, by its name and labels: see `key`."""


def figures(text: str) -> Figures:
    families = text_string_to_metric_families(text)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def key(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    """name: without the prefix of the application's series."""
    return f"rentomatic_{name}", frozenset(labels.items())
