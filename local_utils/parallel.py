"""Work spread over threads or processes, its results in order."""
import collections
import itertools


def ordered_map(executor, function, items, max_pending):
    """Yield `function(item)` for each item, in the order of the items, worked out by an executor.

    Unlike `Executor.map` it takes from `items` only as fast as the results are used, so that memory stays bounded by
    `max_pending` items.
    """
    pending = collections.deque()
    try:
        for item in items:
            pending.append(executor.submit(function, item))
            if len(pending) >= max_pending:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()


def chunked(items, size):
    """Yield the items in lists of `size`; the last may be shorter."""
    iterator = iter(items)
    while chunk := list(itertools.islice(iterator, size)):
        yield chunk
