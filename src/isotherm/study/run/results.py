"""What a study combines: the arrays of every task."""

from collections.abc import Iterator, Mapping, Sequence

from isotherm.study.base import Arrays, Task
from isotherm.study.store.folder import RunFolder


class Results(Mapping[str, Arrays]):
    """Arrays by task name: of tasks that stand alone read at once, of links of a chain whenever asked for."""

    def __init__(
        self, folder: RunFolder, chunks: Mapping[str, str], chains: Sequence[Sequence[Task]]
    ) -> None:
        self._folder = folder
        self._files = {task.name: chunks[task.name] for chain in chains for task in chain}
        alone = [chain[0].name for chain in chains if len(chain) == 1]
        self._held = {name: folder.read_chunk(self._files[name]) for name in alone}

    def __getitem__(self, name: str) -> Arrays:
        return self._held[name] if name in self._held else self._folder.read_chunk(self._files[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)
