"""What was made lately and is kept, so that it need not be made again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The values asked for last, by key, at most `size` of them, which weigh `most` together. None of them is None."""

    def __init__(self, size: int, most: int, weigh: Callable[[K, V], int]) -> None:
        self.size, self.most = size, most
        self.weight = 0
        self._weigh = weigh
        self._values: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, key: K) -> bool:
        return key in self._values

    def get(self, key: K) -> V | None:
        """The value, None where there is none."""
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def known(self, key: K, make: object = None) -> V:
        """The value. Raises KeyError where there is none."""
        value = self.get(key)
        if value is None:
            raise KeyError(key)
        return value

    def made(self, key: K, make: Callable[[], V]) -> V:
        """The value, made where there is none. Only one thread may make values, so that none is made twice."""
        value = self.get(key)
        if value is None:
            value = make()
            self.keep(key, value)
        return value

    def keep(self, key: K, value: V) -> None:
        """Keep a value, in the place of another by the same key."""
        with self._lock:
            _, gone = self._values.pop(key, (None, 0))
            weight = self._weigh(key, value)  # noted, since a value may change
            self._values[key] = (value, weight)
            self.weight += weight - gone
            while len(self._values) > self.size or self.weight > self.most:
                _, (_, gone) = self._values.popitem(last=False)
                self.weight -= gone

    def clear(self) -> None:
        with self._lock:
            self._values.clear()
            self.weight = 0
