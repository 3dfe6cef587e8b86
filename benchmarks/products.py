"""What products in one fixed order would cost: ours, compiled, against OpenBLAS, in one run.

    PYTHONPATH=src python benchmarks/products.py [--rounds N]

Such a product would have the same bytes on every processor, ARM64 too: each sum adds one term after
the other, with nothing but the multiply-adds of one vector side by side. The shapes are those of a
step of the published image model on a batch of 100. Both are timed by turns; the figures are the
fastest of the rounds, in microseconds of the processor.
"""

from __future__ import annotations

import argparse
import time

import latentlab  # noqa: F401 (before NumPy: it pins how libraries compute)

# isort: split
import numba
import numpy as np

# (m, k) by (k, n): forward, the gradient of the weights, the error handed back
SHAPES = ((100, 784, 256), (100, 256, 784), (784, 100, 256), (256, 100, 784), (100, 784, 256))


@numba.njit(fastmath={"contract"})  # a multiply-add is one operation, sums keep their order
def product(a, b, out):
    """a (m, k) by b (k, n) into out (m, n), m a multiple of 4."""
    out[:] = 0.0
    for i in range(0, a.shape[0], 4):
        for p in range(a.shape[1]):
            first, second, third, fourth = a[i, p], a[i + 1, p], a[i + 2, p], a[i + 3, p]
            for j in range(b.shape[1]):
                out[i, j] += first * b[p, j]
                out[i + 1, j] += second * b[p, j]
                out[i + 2, j] += third * b[p, j]
                out[i + 3, j] += fourth * b[p, j]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=100)
    rounds = parser.parse_args().rounds
    rng = np.random.default_rng(0)
    total = np.zeros(2)
    print("| product | OpenBLAS | one order | times as long |\n|---|---|---|---|")
    for m, k, n in SHAPES:
        a, b = (rng.normal(size=shape).astype(np.float32) for shape in ((m, k), (k, n)))
        out = np.empty((m, n), np.float32)
        product(a, b, out)
        assert np.allclose(out, a @ b, atol=1e-3)
        spent = np.full(2, np.inf)
        for _ in range(rounds):
            for which, multiply in enumerate((np.matmul, product)):
                begin = time.process_time()
                multiply(a, b, out)
                spent[which] = min(spent[which], time.process_time() - begin)
        total += spent
        blas, ours = 1e6 * spent
        print(f"| {m} x {k} by {k} x {n} | {blas:.0f} | {ours:.0f} | {ours / blas:.1f} |")
    blas, ours = 1e6 * total
    print(f"| all of a step | {blas:.0f} | {ours:.0f} | {ours / blas:.1f} |")


if __name__ == "__main__":
    main()
