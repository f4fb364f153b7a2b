"""One thread for linear algebra: the analysis's matrices are small, and its cores are busy with other work.

On two cores with one other busy process, waiting for the second thread made the same fit 20 times slower.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache

from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager:
    """A context in which BLAS uses one thread."""
    return _controller().limit(limits=1, user_api="blas")


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
