"""Clusters of rooms as JSON."""

from typing import Any

from rentomatic.domain.clusters import Cluster, Clusters
from rentomatic.serializers.json import document, encode


def write(found: Clusters) -> bytes:
    """Write an object with `exact` and the clusters, the largest first.

    `bounds` are west, south, east and north; west is greater than east across the antimeridian. `room` is
    null unless a cluster is certain to be a single room. If `exact` is false, counts are estimates.
    """
    return encode({"exact": found.exact, "clusters": [_cluster(cluster) for cluster in found.clusters]})


def _cluster(cluster: Cluster) -> dict[str, Any]:
    box = cluster.bounds
    return {
        "latitude": cluster.latitude,
        "longitude": cluster.longitude,
        "count": cluster.count,
        "lowest_price": cluster.lowest_price,
        "bounds": [box.west, box.south, box.east, box.north],
        "room": cluster.room and document(cluster.room),
    }
