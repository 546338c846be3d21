"""From a folder or archive of any length to a table of its images, the strangest first.

Up to SAMPLE images are judged by each other. Of more, a sample is, and the rest is then read block
by block and judged by one of the fits; a row of numbers an image is all that stays in memory.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd
from msgspec import Struct

from core.anomaly import crossfit, find_network, finding, thresholds, with_network
from core.anomaly.crossfit import Flags, Scores
from core.anomaly.find_network import NetworkJudge
from core.anomaly.finding import Descriptions, Judgement
from core.anomaly.thresholds import Threshold
from core.config import DataError, ImageRejected
from core.data.own import layouts
from core.data.own.import_images import form_for
from core.files import write_atomically
from core.images import digests, duplicates
from core.images.imagesets import ImageSet, hash_fraction
from core.images.parts import done
from core.images.preparation import Preparation, Survey, kept_share
from core.images.reading import Raw, content_of, read_raw
from core.inference import Autoencoder
from core.machine import cores
from core.streaming import decoding
from core.streaming.decoding import Block
from core.streaming.shards import Sample, Shard

SAMPLE = 4_000  # images that are judged by each other
LARGEST_SIDE = 64  # pixels: more show smaller defects and take longer
LOOKED_AT = 48  # images by which it is decided how all are prepared
MOST_COMPARED = 50_000  # images up to which almost equal ones are looked for
MOST_CUT = 0.1  # of a usual picture that may be cut off
NETWORK, POLL = "network.safetensors", 0.2  # seconds between two looks for what others leave
TOO_SHORT = "No network was trained: the time is too short for it."
COLUMNS = ("rank", "id", "score", "is_outlier", "facts", "reason")


@dataclass(frozen=True, kw_only=True)
class FoundOdd:
    """What find() found.

    table: COLUMNS, a row an image, the strangest first; then the files that could not be read, with
    the reason.  ranking: what ranks them.  how: they were prepared.
    seconds_first: until the first of them were ranked.  threshold: in words.
    """

    table: pd.DataFrame
    ranking: "Ranking"
    how: Preparation
    seconds_first: float
    seconds: float
    threshold: str

    @property
    def n_refused(self) -> int:
        return int(self.table["rank"].isna().sum())

    @property
    def n_flagged(self) -> int:
        return int(self.table["is_outlier"].sum())


@dataclass
class _Rows:
    """What stays of images: n rows, and the files that could not be read."""

    ids: list[str] = field(default_factory=list)
    scores: list[Scores] = field(default_factory=list)
    flagged: list[Flags] = field(default_factory=list)
    facts: list[list[str]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    marks: list[digests.Digests] = field(default_factory=list)
    small: list[duplicates.Pixels] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    def packed(self) -> "_Packed":
        """The same, as it is written for another process."""
        return _Packed(
            ids=self.ids,
            scores=_joined(self.scores, np.float64).tobytes(),
            flagged=_joined(self.flagged, np.bool_).tobytes(),
            facts=self.facts,
            reasons=self.reasons,
            marks=b"".join(one.tobytes() for one in self.marks),
            small=b"".join(one.tobytes() for one in self.small),
            refused=self.refused,
        )

    def add(self, other: "_Packed") -> None:
        """The rows of another process after these."""
        n = len(other.ids)
        self.ids += other.ids
        self.scores.append(np.frombuffer(other.scores, np.float64))
        self.flagged.append(np.frombuffer(other.flagged, np.bool_))
        self.facts += other.facts
        self.reasons += other.reasons
        self.refused |= other.refused
        if n:
            like = self.marks[0]
            marks = np.frombuffer(other.marks, like.dtype).reshape(n, *like.shape[1:])
            self.marks.append(marks)
        if n and other.small and self.small:
            like = self.small[0]
            small = np.frombuffer(other.small, like.dtype).reshape(-1, *like.shape)
            self.small += list(small)


class _Packed(Struct, frozen=True):
    """Rows as bytes and lists."""

    ids: list[str]
    scores: bytes
    flagged: bytes
    facts: list[list[str]]
    reasons: list[str]
    marks: bytes
    small: bytes
    refused: dict[str, str]


def _joined(arrays: Sequence[npt.NDArray[Any]], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    return np.concatenate([np.empty(0, dtype), *arrays]).astype(dtype)


@dataclass(frozen=True)
class Team:
    """Processes that share the work.  rank, size: which of how many this is.

    folder: where they leave each other what they found; on a disk that all can reach.
    """

    rank: int = 0
    size: int = 1
    folder: Path = Path()

    def wait_for(self, name: str) -> Path:
        """The file of that name in the folder, as soon as it is there."""
        while not (self.folder / name).exists():
            time.sleep(POLL)
        return self.folder / name


ALONE = Team()


@dataclass(frozen=True)
class Ranking:
    """What ranks the images: the judges without a network, or a network that finds more.

    scores: (n,) of the images that were judged by each other.
    """

    judged: Judgement
    scores: Scores
    network: NetworkJudge | None = None
    no_network: str = ""

    @property
    def score(self) -> str:
        """The name of the score."""
        if self.network is not None and self.network.judge is not None:
            return self.network.contest.score
        return self.judged.best

    @property
    def planted(self) -> Mapping[str, float]:
        """Score -> AUROC of planted outliers, all of the same ones."""
        return self.network.contest.planted if self.network else self.judged.planted

    @cached_property
    def is_plain(self) -> Flags:
        """(n,): broken by what a fact says, or so strange that it says nothing of usual images."""
        stated = np.array([bool(one) for one in self.judged.facts], np.bool_)
        return np.asarray(stated | crossfit.is_clear(self.scores))

    def threshold(self, rate: float) -> Threshold:
        """Flags at most a share `rate` of the usual images; too few for it are said."""
        usual = crossfit.calibration(self.scores, self.is_plain, "images")
        return thresholds.by_rate(usual, rate, len(self.scores))

    def more(self, images: ImageSet, scores: Mapping[str, Scores]) -> Scores:
        """What ranks images that were in no fold, from the judges' scores of them."""
        found = scores[self.judged.best]
        if self.network is None or self.network.judge is None:
            return found
        return self.network.ranked(self.network.judge.more(images), found)

    def why(self) -> str:
        """A sentence or two that say why this score ranks the images."""
        if self.network is None:
            return " ".join(filter(None, (self.judged.why(), self.no_network)))
        return self.network.contest.why()

    def title(self) -> str:
        """The score in words."""
        if self.network is not None and self.network.judge is not None:
            return with_network.title_of(self.score)
        return finding.TITLES[self.judged.best]


def find(
    shards: Sequence[Shard], rate: float, minutes: float = 0, team: Team = ALONE
) -> FoundOdd | None:
    """The images of a source, the strangest first.

    rate: the share of usual images that may be flagged.  minutes: in which a network is trained on
    them, and ranks them if it finds more; 0 for none.  Without a network the same source gives the
    same table.  team: rank 0 alone returns what all have found, the others None.
    Raises DataError if there are too few images to judge by each other.
    """
    began = perf_counter()
    names = _names(shards)
    chosen = _sample(names)
    how = preparation(some_raws(shards, chosen))
    rows = _Rows()
    sample = _gathered(_only(shards, chosen), how, rows, len(chosen))
    judged = finding.judged(Descriptions.of(sample), crossfit.folds(crossfit.groups_of(sample)))
    first = perf_counter() - began
    ranking = Ranking(judged, judged.ranked)
    if minutes:
        ranking = _with_network(ranking, sample, minutes, team)
    if team.rank == 0:
        flagged = ranking.threshold(rate).flags(ranking.scores) | ranking.is_plain
        seen = _Seen(
            images=sample,
            ranked=ranking.scores,
            scores=judged.scores,
            facts=judged.facts,
            flagged=flagged,
        )
        _keep(rows, seen)
    else:
        rows = _Rows()
    if len(chosen) < len(names):
        own = _only(shards[team.rank :: team.size], names - chosen)
        _stream(decoding.blocks(own, how), ranking, rate, rows, len(names) // team.size)
    if team.size > 1 and not _brought_together(rows, team):
        return None
    return FoundOdd(
        table=_table(rows),
        ranking=ranking,
        how=how,
        seconds_first=first,
        seconds=perf_counter() - began,
        threshold=ranking.threshold(rate).how,
    )


def _with_network(ranking: Ranking, sample: ImageSet, minutes: float, team: Team) -> Ranking:
    """The ranking once a network was trained; rank 0 trains, and the others take what it saved."""
    of, judged = ranking.judged.of, ranking.judged
    path = team.folder / NETWORK if team.size > 1 else None
    if team.rank == 0:
        network = find_network.trained(sample, of, minutes, path)
        if path is not None and network is None:
            path.touch()
    else:
        found = team.wait_for(NETWORK)
        network = Autoencoder.load(found) if found.stat().st_size else None
    if network is None:
        return replace(ranking, no_network=TOO_SHORT)
    compared = find_network.compared(network, sample, of)
    scores = judged.ranked
    if compared.judge is not None:
        scores = compared.ranked(
            compared.judge.images(sample, ~find_network.unseen(of)), judged.ranked
        )
    return Ranking(judged, scores, compared)


def _brought_together(rows: "_Rows", team: Team) -> bool:
    """Whether this is rank 0, which now has the rows of all; the others have written theirs."""
    if team.rank:
        write_atomically(team.folder / f"{team.rank}.json", msgspec.json.encode(rows.packed()))
        return False
    for rank in range(1, team.size):
        path = team.wait_for(f"{rank}.json")
        rows.add(msgspec.json.decode(path.read_bytes(), type=_Packed))
    return True


def preparation(raws: Sequence[Raw]) -> Preparation:
    """How images are prepared, from some of them: at a size that suits them, in colour if any is.

    Whole, and so stretched to a square, unless they are nearly square.
    Raises DataError if there are none.
    """
    if not raws:
        raise DataError("None of the files is an image that can be read.")
    form = form_for([(raw.size, raw) for raw in raws])
    size = (min(LARGEST_SIDE, form.size[0]),) * 2
    kept = kept_share(np.array([raw.size for raw in raws]), size)
    form = replace(form, size=size, manner="crop" if np.median(kept) > 1 - MOST_CUT else "stretch")
    seen = Survey()
    for raw in raws:
        seen.add(raw)
    return replace(form, resampling="area").settled(seen)


def _names(shards: Sequence[Shard]) -> set[str]:
    """The files that are offered, but for masks of defects and tables."""
    names = [sample.id for shard in shards for sample in shard.samples()]
    names = [name for name in names if not layouts.is_table(name)]
    if any(layouts.may_be_mask(name) for name in names):
        is_mask = layouts.arranged(names, [None] * len(names)).is_mask
        names = [name for name, mask in zip(names, is_mask.tolist(), strict=True) if not mask]
    return set(names)


def _sample(names: set[str]) -> set[str]:
    """All, or SAMPLE of them by lot."""
    if len(names) <= SAMPLE:
        return names
    return set(sorted(names, key=lambda name: hash_fraction(name, 0))[:SAMPLE])


def _only(shards: Sequence[Shard], names: set[str]) -> list[Shard]:
    """The same shards, with the samples of these names alone."""

    def samples(shard: Shard) -> Iterator[Sample]:
        return (sample for sample in shard.samples() if sample.id in names)

    return [replace(shard, samples=partial(samples, shard), n=None) for shard in shards]


def some_raws(shards: Sequence[Shard], names: set[str]) -> list[Raw]:
    """Some files of these names, always the same, by which it is decided how all are prepared."""
    few = set(sorted(names, key=lambda name: hash_fraction(name, 1))[: 2 * LOOKED_AT])
    found: list[Raw] = []
    for shard in _only(shards, few):
        for sample in shard.samples():
            if len(found) == LOOKED_AT:
                return found
            try:
                content = sample.read()
                found.append(read_raw(content_of(_bytes(content))))
            except (ImageRejected, OSError):
                continue
    return found


def _bytes(content: bytes | str | Path) -> bytes | Path:
    return Path(content) if isinstance(content, str) else content


def _gathered(shards: Sequence[Shard], how: Preparation, rows: _Rows, n: int) -> ImageSet:
    """The images of some shards in memory; those that cannot be read are noted."""
    ids, pixels, n_done = list[str](), list[duplicates.Pixels](), 0
    for block in decoding.blocks(shards, how):
        ids += _read(block, rows)
        pixels.append(block.images)
        n_done += len(block.ids)
        done("Reading the images", n_done, n)
    return _as_set(ids, np.concatenate([np.empty((0, *how.shape), np.uint8), *pixels]))


def _read(block: Block, rows: _Rows) -> list[str]:
    """The ids of those that could be read; the others are noted."""
    both = list(zip(block.ids, block.reasons, strict=True))
    rows.refused |= {name: reason for name, reason in both if reason}
    return [name for name, reason in both if not reason]


def _as_set(ids: Sequence[str], pixels: duplicates.Pixels) -> ImageSet:
    return ImageSet(
        id="found",
        split="all",
        images=pixels,
        labels=None,
        class_names=(),
        ids=np.array(ids, np.str_),
    )


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """Images, what ranks them (n,), the judges' scores by name (n,) each, what is said of them, and
    which are flagged (n,).
    """

    images: ImageSet
    ranked: Scores
    scores: Mapping[str, Scores]
    facts: list[list[str]]
    flagged: Flags


def _keep(rows: _Rows, seen: _Seen) -> None:
    rows.ids += seen.images.ids.tolist()
    rows.scores.append(seen.ranked)
    rows.flagged.append(seen.flagged)
    rows.facts += seen.facts
    rows.reasons += finding.reasons(seen.scores, seen.flagged)
    rows.marks.append(digests.of(seen.images.images))
    if len(rows.ids) <= MOST_COMPARED:
        rows.small += [duplicates.thumbnail(x) for x in seen.images.images]


def _stream(blocks: Iterable[Block], ranking: Ranking, rate: float, rows: _Rows, n: int) -> None:
    """Judge images block by block, several blocks at once.  n: images in all."""
    threshold, judged = ranking.threshold(rate), ranking.judged

    def judge(block: Block) -> tuple[Block, _Seen]:
        images = _as_set([str(i) for i in range(len(block.images))], block.images)
        found = Descriptions.of(images)
        scores = judged.judge_more(found)
        facts = judged.fences.facts(found.values["measures"], images)
        stated = np.array([bool(one) for one in facts], np.bool_)
        ranked = ranking.more(images, scores)
        flagged = threshold.flags(ranked) | crossfit.is_clear(ranked) | stated
        return block, _Seen(
            images=images, ranked=ranked, scores=scores, facts=facts, flagged=flagged
        )

    with ThreadPoolExecutor(max(1, cores())) as pool:
        for block, seen in _in_order(pool, judge, _with_images(blocks, rows)):
            ids = np.array(_read(block, rows), np.str_)
            _keep(rows, replace(seen, images=replace(seen.images, ids=ids)))
            done("Judging the other images", len(rows.ids) + len(rows.refused), n)


def _with_images(blocks: Iterable[Block], rows: _Rows) -> Iterator[Block]:
    """Those that hold images; the files of the others are noted as unread."""
    for block in blocks:
        if len(block.images):
            yield block
        else:
            _read(block, rows)


T = TypeVar("T")
R = TypeVar("R")


def _in_order(pool: ThreadPoolExecutor, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """work(item) of each, in order, few of them at once."""
    begun: deque[Future[R]] = deque()
    for item in items:
        begun.append(pool.submit(work, item))
        if len(begun) > cores():
            yield begun.popleft().result()
    while begun:
        yield begun.popleft().result()


def _table(rows: _Rows) -> pd.DataFrame:
    """COLUMNS of all images and of the files that could not be read."""
    scores, flagged = np.concatenate(rows.scores), np.concatenate(rows.flagged)
    order = np.lexsort((np.array(rows.ids, np.str_), -scores))
    n, n_out = len(order), len(rows.refused)
    copies = _copies(rows)
    facts = [", ".join(filter(None, (*rows.facts[i], copies[i]))) for i in order.tolist()]
    unread = np.arange(n + n_out) >= n
    columns = {
        "rank": pd.array([*range(1, n + 1), *[None] * n_out], "Int64"),
        "id": [*(rows.ids[i] for i in order.tolist()), *rows.refused],
        "score": np.append(scores[order], np.full(n_out, np.nan)),
        "is_outlier": pd.arrays.BooleanArray(
            np.append(flagged[order], np.zeros(n_out, bool)), unread
        ),
        "facts": [*facts, *["cannot be read"] * n_out],
        "reason": [*(rows.reasons[i] for i in order.tolist()), *rows.refused.values()],
    }
    return pd.DataFrame(columns).astype(dict.fromkeys(("id", "facts", "reason"), "str"))


def _copies(rows: _Rows) -> list[str]:
    """Of each image the first one that it equals, or almost equals, in words; else ""."""
    marks = np.concatenate(rows.marks)
    equal = duplicates.equal([one.tobytes() for one in marks])
    here = np.arange(len(equal))
    near = here
    if len(rows.small) == len(equal):
        small = np.stack(rows.small)
        near = duplicates.near(small, duplicates.limit_for(small))
    return [
        f"equal to {rows.ids[e]}" if e != i else f"almost equal to {rows.ids[a]}" if a != i else ""
        for i, e, a in zip(here.tolist(), equal.tolist(), near.tolist(), strict=True)
    ]
