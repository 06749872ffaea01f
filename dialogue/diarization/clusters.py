"""Which windows are one voice: spectral clustering of voice vectors, and the most likely path through them.

Spectral clustering (Ng, Jordan and Weiss 2001, as used for speakers by Wang et al. 2018) with cosine affinity raised
to a power: unlike average linkage it does not give a cough a cluster of its own. Deterministic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]  # (n, d), rows of length 1
    Labels = NDArray[np.int64]  # (n,)

_SHARPNESS = 10  # power of the affinity: two windows of one voice are near .85 alike, of two voices near .6
_ANOTHER_VOICE = 0.7  # an eigenvalue above it is one more voice; one voice alone gives .60 … .66
_LARGEST = 1500  # windows clustered at once; the others go to the nearest centre
MOST_SPEAKERS = 8


def estimate_speakers(vectors: Vectors) -> int:
    """How many voices, by the largest gap between the eigenvalues of the normalised affinity; 1 … 8. A guess."""
    import numpy as np

    if len(vectors) < 4:
        return 1
    affinity = _affinity(_thinned(vectors))
    degree = affinity.sum(axis=1)
    values = np.linalg.eigvalsh(affinity / np.sqrt(np.outer(degree, degree)))[::-1][: MOST_SPEAKERS + 1]
    if len(values) < 3 or values[1] < _ANOTHER_VOICE:
        return 1
    gaps = [(values[k - 1] - values[k], k) for k in range(2, len(values)) if values[k - 1] >= _ANOTHER_VOICE]
    return max(gaps)[1]


def cluster(vectors: Vectors, speakers: int) -> Labels:
    """A label 0 … speakers-1 for each window, numbered by first appearance; fewer labels when windows are few."""
    import numpy as np
    from sklearn.cluster import SpectralClustering

    if speakers <= 1 or len(vectors) <= speakers:
        return np.arange(len(vectors)) if 1 < speakers == len(vectors) else np.zeros(len(vectors), np.int64)
    sample = _thinned(vectors)
    found = SpectralClustering(
        speakers, affinity="precomputed", assign_labels="cluster_qr", random_state=0
    ).fit_predict(_affinity(sample))
    labels = found if len(sample) == len(vectors) else (vectors @ centers(sample, found).T).argmax(axis=1)
    order = list(dict.fromkeys(labels.tolist()))
    return np.asarray([order.index(label) for label in labels], np.int64)


def centers(vectors: Vectors, labels: Labels) -> Vectors:
    """The mean voice of each label, of length 1: (labels, d)."""
    import numpy as np

    means = np.stack([vectors[labels == label].mean(axis=0) for label in np.unique(labels)])
    return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True), np.float32)


def likeliest_path(scores: NDArray[np.float32], change_cost: float) -> Labels:
    """Viterbi over (n, speakers) log scores in time order, each change of speaker costing `change_cost`."""
    import numpy as np

    count, speakers = scores.shape
    total, back = scores[0].copy(), np.zeros((count, speakers), np.int64)
    stay = np.arange(speakers)
    for i in range(1, count):
        best = int(total.argmax())
        changed = total[best] - change_cost
        back[i] = np.where(total >= changed, stay, best)
        total = np.maximum(total, changed) + scores[i]
    path = np.zeros(count, np.int64)
    path[-1] = total.argmax()
    for i in range(count - 1, 0, -1):
        path[i - 1] = back[i, path[i]]
    return path


def _affinity(vectors: Vectors) -> NDArray[np.float64]:
    import numpy as np

    alike = vectors.astype(np.float64) @ vectors.T
    return np.asarray(np.clip(alike, 0.0, 1.0) ** _SHARPNESS)


def _thinned(vectors: Vectors) -> Vectors:
    """Evenly spread windows, `_LARGEST` at most: the eigenvalues cost the cube of their number."""
    import numpy as np

    if len(vectors) <= _LARGEST:
        return vectors
    spread = np.linspace(0, len(vectors) - 1, _LARGEST).astype(int)
    return np.asarray(vectors[spread])
