"""Clusters: which records hang together through merge edges.

Owns connected components over what a run touched. Known leads enter as one node each: their
records are connected already, so the base is never walked again.
"""

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


def label_clusters(nodes: pd.Series, edges: pd.DataFrame) -> pd.Series:
    """The cluster number of each node, in the order of `nodes` (distinct ids).

    `edges` has columns left and right, both among `nodes`. Which nodes share a number depends on
    nodes and edges alone, not on their order.
    """
    positions = pd.Index(nodes)
    left = positions.get_indexer(edges["left"])
    right = positions.get_indexer(edges["right"])
    unknown = int((left < 0).sum() + (right < 0).sum())
    if unknown:
        raise ValueError(f"{unknown} edge ends are not among the {len(nodes)} nodes; add them")
    graph = coo_matrix(
        (np.ones(len(edges), dtype=np.int8), (left, right)), shape=(len(nodes), len(nodes))
    )
    _, labels = connected_components(graph, directed=False)
    return pd.Series(labels, index=nodes.index, name="cluster")
