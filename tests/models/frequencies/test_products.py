"""Products of a sparse matrix by two threads: the bytes of SciPy's own, whichever way round and however uneven."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array

from models.frequencies.factorization import parallel_operator


@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (200, 300)])
@pytest.mark.parametrize("density", [0.0, 0.3])
def test_products_are_those_of_scipy_to_the_bit(shape: tuple[int, int], density: float) -> None:
    random = np.random.default_rng(0)
    matrix = csr_matrix(random_array(shape, density=density, rng=random, format="csr"))
    wide, tall = random.normal(size=(shape[1], 4)), random.normal(size=(shape[0], 4))
    with ThreadPoolExecutor(2) as pool:
        operator = parallel_operator(matrix, pool)
        assert operator.matvec(wide[:, 0]).tobytes() == (matrix @ wide[:, 0]).tobytes()
        assert operator.rmatvec(tall[:, 0]).tobytes() == (matrix.T @ tall[:, 0]).tobytes()
        assert operator.matmat(wide).tobytes() == (matrix @ wide).tobytes()
        assert operator.rmatmat(tall).tobytes() == (matrix.T @ tall).tobytes()
