"""How far clusters agree with classes. Imports only core.latent."""

import numpy as np

from core.latent import Index, Scores


def homogeneity(labels: Index, found: Index) -> float:
    """How far each cluster holds one class only: 1 - H(class | cluster) / H(class), 0 to 1.

    labels, found: (n,) the class and the cluster of each point, called by any whole numbers.
    Source: Rosenberg and Hirschberg 2007.
    """
    table = _contingency(labels, found) / len(labels)
    in_class, in_cluster = table.sum(axis=1), table.sum(axis=0)
    known = -_entropy_terms(in_class).sum()
    left = -(_entropy_terms(table).sum() - _entropy_terms(in_cluster).sum())
    return float(1 - left / known) if known > 0 else 1.0


def adjusted_rand(labels: Index, found: Index) -> float:
    """The share of pairs that both agree on, minus what chance gives: 1 = the same, 0 = chance.

    labels, found: (n,) the class and the cluster of each point, called by any whole numbers.
    Source: Hubert and Arabie 1985.
    """
    table = _contingency(labels, found)
    together = _pairs(table).sum()
    one, other = _pairs(table.sum(axis=1)).sum(), _pairs(table.sum(axis=0)).sum()
    expected = one * other / max(_pairs(np.array(len(labels), float)), 1)
    most = (one + other) / 2
    return float((together - expected) / (most - expected)) if most > expected else 1.0


def _contingency(labels: Index, found: Index) -> Scores:
    """How many of each class are in each cluster: (classes, clusters)."""
    _, rows = np.unique(labels, return_inverse=True)
    _, columns = np.unique(found, return_inverse=True)
    table = np.zeros((rows.max() + 1, columns.max() + 1))
    np.add.at(table, (rows, columns), 1)
    return table


def _pairs(counts: Scores) -> Scores:
    """How many pairs so many points make."""
    return counts * (counts - 1) / 2


def _entropy_terms(shares: Scores) -> Scores:
    """Of each share p, p log p; 0 where p is 0."""
    return np.where(shares > 0, shares * np.log(np.maximum(shares, np.finfo(float).tiny)), 0)
