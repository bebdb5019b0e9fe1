"""Models as the steps of a batch share them: each is opened once, handed on from step to step, and closed with the batch."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from budmodel_pipeline.model_info.repository import Repository
from budmodel_pipeline.targets.opening import OpenedModel, Providers, open_model
from budmodel_pipeline.targets.provider import ProviderError
from budmodel_pipeline.targets.target import parse_target
from budmodel_pipeline.warehouse.model_states import TargetState

# Of a model on the hub a listing is held. What was downloaded or lies packed takes its size on disk, or much memory.
MOST_OFF_THE_HUB = 8


@dataclass(slots=True)
class OpenModels:
    """The models that a batch has open. Without `until` none is kept: each step opens and closes its own.

    `attempts` is how often each one had failed when it was opened: to have been read is no success for the steps to come.
    """

    until: ExitStack | None = None
    attempts: dict[str, int] = field(default_factory=dict)
    _kept: dict[str, OpenedModel] = field(default_factory=dict)
    _off_the_hub: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def newest(self, state: TargetState, providers: Providers) -> Iterator[OpenedModel]:
        """The model as it is now. Raises what `open_model` does."""
        with ExitStack() as stack:
            opened = stack.enter_context(open_model(parse_target(state.target), providers))
            yield opened
            self._keep(state, opened, stack)

    @contextmanager
    def as_read(self, state: TargetState, providers: Providers) -> Iterator[OpenedModel]:
        """The model at the revision that was read. Raises what `open_model` does, and ProviderError where it moved on."""
        kept = self._kept.get(state.target)
        if kept is not None and kept.revision == state.revision:
            yield kept
            return
        place = parse_target(state.target)
        with ExitStack() as stack:
            pinned = state.revision if place.provider == "hugging_face" else None
            opened = stack.enter_context(open_model(place, providers, pinned))
            expect_revision(state, opened)
            yield opened
            self._keep(state, opened, stack)

    def _keep(self, state: TargetState, opened: OpenedModel, stack: ExitStack) -> None:
        if self.until is None:
            return
        with self._lock:
            self.attempts[state.target] = state.attempts
            off_the_hub = opened.target.provider in ("disk", "url")
            if not off_the_hub or self._off_the_hub < MOST_OFF_THE_HUB:
                self._off_the_hub += off_the_hub
                self._kept[state.target] = opened
                self.until.push(stack.pop_all())


def expect_revision(state: TargetState, opened: OpenedModel) -> None:
    """Refuses a model that is not what was read: nothing that is found in it is true of that revision."""
    if opened.revision != state.revision:
        reason = f"it is now at {opened.revision[:12]} instead of {(state.revision or '')[:12]}"
        raise ProviderError(state.target, "changed", reason, hint="extract it again", permanent=False)


def all_files(opened: OpenedModel) -> Repository:
    """The files of a model, to be read as a whole. Raises ProviderError for a closed one."""
    if opened.whole is None:
        reason = "it is a closed model, which has no files"
        raise ProviderError(opened.target.key, "unsupported", reason, hint="nothing to do", permanent=True)
    return opened.whole
