"""The compiled inner loops of scoring: joint scores of blocks and the best of each row.

A pair's joint score depends on which picture is the query: `forward` is the score with the row picture as the query,
`backward` with the column picture. They differ only for equal times in different cameras.

All kernels that call one another are in this one module, because numba's on-disk cache notices a change only in the
file that defines the kernel itself.

Shape suffixes: R rows and W columns of a block, P pairs, N pictures, D feature values, C cameras,
S signed bins, K kept per row, T stripes of columns. All indices are 0-based.
"""

# ruff: noqa: PLR0917  a compiled function takes positional arguments only
from typing import Any

import numba
import numpy as np

from streid.arrays import FeatureArray
from streid.scoring.compilation import Int32Array, Lists, Moments, Rule, compiled

STRIPE = 1024  # most columns of a stripe; `stripe_width` takes fewer, so that many threads share a block
LANES = 256
NOBODY = np.int32(2**31 - 1)
NOTHING = np.float32(-np.inf)
LEAST = np.float32(np.finfo(np.float32).min)
ROUND_UP = 1 + 2.0**-50  # a whole number of bins stays one when multiplied by 1 / bin width
ONE = np.float32(1)
HALF = np.float32(0.5)
LOG2_E = np.float32(1.4426950408889634)
LN_2_HIGH = np.float32(0.693359375)
LN_2_LOW = np.float32(-2.12194440e-4)
EXPONENT_BIAS = np.int32(127)
MANTISSA_BITS = np.int32(23)
EXPONENT_BIAS_64 = np.int64(1023)
MANTISSA_BITS_64 = np.int64(52)


@compiled(fastmath=frozenset({"contract"}))
def _exponential(x: "np.floating[Any]") -> Any:
    """exp(x) in float32 within 2 units in the last place; plain arithmetic, so that loops around it vectorise.

    exp(x) = 2^n exp(r), |r| <= ln(2) / 2, with the minimax polynomial of the Cephes library for exp(r).
    """
    x = min(max(x, np.float32(-87)), np.float32(88))
    n = np.floor(x * LOG2_E + HALF)
    r = x - n * LN_2_HIGH - n * LN_2_LOW
    power = np.float32(1.9875691500e-4)
    power = power * r + np.float32(1.3981999507e-3)
    power = power * r + np.float32(8.3334519073e-3)
    power = power * r + np.float32(4.1665795894e-2)
    power = power * r + np.float32(1.6666665459e-1)
    power = power * r + np.float32(5.0000001201e-1)
    power = power * r * r + r + ONE
    return power * np.int32((np.int32(n) + EXPONENT_BIAS) << MANTISSA_BITS).view(np.float32)


@compiled()
def _octaves(equal_bins: int, beyond: Any) -> Any:
    """How multiples of the bin width become bins that widen as in `TimeBins`.

    From half = `equal_bins` / 2 = 2^m on, the exponent and the first m bits of the mantissa of a float64 number them.

    Returns:
        How far to shift a multiple's bits, what to subtract, half, and the first multiple of the bin `beyond`.
    """
    half = equal_bins // 2
    places = (np.float64(half).view(np.int64) >> MANTISSA_BITS_64) - EXPONENT_BIAS_64
    shift = MANTISSA_BITS_64 - places
    offset = (EXPONENT_BIAS_64 - 1 + places) << places
    if beyond < half:
        return shift, offset, np.float64(half), np.float64(beyond)
    return shift, offset, np.float64(half), np.int64((beyond + offset) << shift).view(np.float64)


@compiled()
def _look_up(
    camera: int,
    session: int,
    time: float,
    others: Moments,
    start: int,
    rule: Rule,
    forward_W: FeatureArray,
    backward_W: FeatureArray,
) -> bool:
    """What the times say, v, between one picture and the pictures `start` onwards, in both directions.

    Returns:
        Whether the two directions may differ; `backward_W` is written only then.
    """
    if session < 0:
        forward_W[:] = rule.unknown
        return False
    stop = start + len(forward_W)
    camera_W, session_W, time_W = others.camera_N[start:stop], others.session_N[start:stop], others.time_N[start:stop]
    bins = np.int32(rule.table_CCS.shape[2])
    beyond = np.int32(bins // 2 - 1)
    table = rule.table_CCS[camera].reshape(-1)
    position_W = np.empty(STRIPE, np.uint32)
    bins_per_tick = ROUND_UP / rule.bin_width
    widening = rule.equal_bins > 0
    shift, offset, half, most = _octaves(rule.equal_bins, beyond) if widening else (0, 0, beyond + 0.0, beyond + 0.0)
    equal, elsewhere = 0, 0
    for w in range(len(forward_W)):
        gap = time - time_W[w]
        multiple = min(np.floor(abs(gap) * bins_per_tick + rule.rounding), most)
        steps = np.int32(min(multiple, half))
        if widening:
            steps = max(steps, np.int32((np.float64(multiple).view(np.int64) >> shift) - offset))
        signed = beyond + np.int32(1) + steps if gap > 0 else beyond - steps
        position_W[w] = camera_W[w] * bins + signed
        equal += gap == 0
        elsewhere += session_W[w] != session
    for w in range(len(forward_W)):
        forward_W[w] = table[position_W[w]]
    if elsewhere:
        for w in range(len(forward_W)):
            known = (session_W[w] >= 0) & (camera_W[w] != camera)
            value = rule.apart if known else rule.unknown
            forward_W[w] = forward_W[w] if session_W[w] == session else value
    if equal:
        for w in range(len(forward_W)):
            same = time_W[w] == time and session_W[w] == session
            backward_W[w] = rule.table_CCS[camera_W[w], camera, beyond] if same else forward_W[w]
    return equal > 0


@compiled()
def _fuse_row(
    products_W: FeatureArray,
    picture: int,
    pictures: Moments,
    others: Moments,
    start: int,
    rule: Rule,
    forward_W: FeatureArray,
    backward_W: FeatureArray,
) -> bool:
    """Joint scores between one picture and the pictures `start` onwards of `others`, in both directions.

    Returns:
        Whether the two directions may differ; `backward_W` is written only then.
    """
    camera, session, time = pictures.camera_N[picture], pictures.session_N[picture], pictures.time_N[picture]
    differ = _look_up(camera, session, time, others, start, rule, forward_W, backward_W)
    if rule.logistic:
        if differ:
            for w in range(len(products_W)):
                backward_W[w] *= ONE / (ONE + _exponential(-rule.alpha * products_W[w]))
        for w in range(len(products_W)):
            forward_W[w] *= ONE / (ONE + _exponential(-rule.alpha * products_W[w]))
    else:
        if differ:
            for w in range(len(products_W)):
                backward_W[w] += products_W[w]
        for w in range(len(products_W)):
            forward_W[w] += products_W[w]
    return differ


@compiled(parallel=True)
def fuse_block(
    products_RW: FeatureArray,
    rows: Moments,
    columns: Moments,
    rule: Rule,
    backward: bool,
    scores_RW: FeatureArray,
) -> None:
    """Write a block's joint scores to `scores_RW`, maybe `products_RW`; with `backward` the columns are queries."""
    for row in numba.prange(len(products_RW)):
        forward_W = np.empty(STRIPE, np.float32)
        backward_W = np.empty(STRIPE, np.float32)
        for low in range(0, products_RW.shape[1], STRIPE):
            high = min(low + STRIPE, products_RW.shape[1])
            count = high - low
            products_W = products_RW[row, low:high]
            differ = _fuse_row(products_W, row, rows, columns, low, rule, forward_W[:count], backward_W[:count])
            scores_RW[row, low:high] = backward_W[:count] if backward and differ else forward_W[:count]


@compiled(parallel=True)
def fuse_pairs(
    products_P: FeatureArray, first_P: Int32Array, second_P: Int32Array, pictures: Moments, rule: Rule
) -> FeatureArray:
    """Joint scores of single pairs of pictures; `first_P` are the queries."""
    scores_P = np.empty(len(products_P), np.float32)
    for pair in numba.prange(len(products_P)):
        spare = np.empty(1, np.float32)
        one = slice(pair, pair + 1)
        _fuse_row(products_P[one], first_P[pair], pictures, pictures, second_P[pair], rule, scores_P[one], spare)
    return scores_P


@compiled(fastmath=frozenset({"contract", "reassoc"}))
def _multiply(first_D: FeatureArray, second_D: FeatureArray) -> Any:
    total = np.float32(0)
    for d in range(len(first_D)):
        total += first_D[d] * second_D[d]
    return total


@compiled(parallel=True)
def multiply_pairs(features_ND: FeatureArray, first_P: Int32Array, second_P: Int32Array) -> FeatureArray:
    """Inner products of single pairs of feature rows."""
    products_P = np.empty(len(first_P), np.float32)
    for pair in numba.prange(len(first_P)):
        products_P[pair] = _multiply(features_ND[first_P[pair]], features_ND[second_P[pair]])
    return products_P


@compiled()
def _sift(indices_K: Int32Array, scores_K: FeatureArray, size: int, index: int, score: np.float32) -> None:
    """Put an entry into a heap of `size` whose root is free; a heap has its worst entry at the root."""
    place, child = 0, 1
    while child < size:
        other = child + 1
        if other < size and (
            scores_K[other] < scores_K[child]
            or (scores_K[other] == scores_K[child] and indices_K[other] > indices_K[child])
        ):
            child = other
        if scores_K[child] > score or (scores_K[child] == score and indices_K[child] < index):
            break
        scores_K[place] = scores_K[child]
        indices_K[place] = indices_K[child]
        place, child = child, 2 * child + 1
    scores_K[place] = score
    indices_K[place] = index


@compiled()
def _insert(indices_K: Int32Array, scores_K: FeatureArray, index: int, score: np.float32) -> None:
    """Put `index` into a full heap if it beats the worst entry; of equal scores the lower index is better."""
    if score > scores_K[0] or (score == scores_K[0] and index < indices_K[0]):
        _sift(indices_K, scores_K, len(scores_K), index, score)


@compiled()
def _sort_heap(indices_K: Int32Array, scores_K: FeatureArray) -> None:
    """Sort a heap, best first."""
    for last in range(len(scores_K) - 1, 0, -1):
        index, score = indices_K[last], scores_K[last]
        indices_K[last], scores_K[last] = indices_K[0], scores_K[0]
        _sift(indices_K, scores_K, last, index, score)


@compiled(parallel=True)
def sort_heaps(indices_NK: Int32Array, scores_NK: FeatureArray) -> None:
    """Sort every list that `absorb_block` has filled, best first, ties by index."""
    for i in numba.prange(len(indices_NK)):
        _sort_heap(indices_NK[i], scores_NK[i])


@compiled()
def _bound(scores_W: FeatureArray, count: int) -> Any:
    """Lower bound of the `count`-th best score.

    The scores are dealt into LANES groups; the `count`-th best of the groups' maxima is such a bound, and a close one.
    """
    if count > LANES or len(scores_W) < 4 * LANES:
        return LEAST
    best_L = np.full(LANES, NOTHING, np.float32)
    for low in range(0, len(scores_W) - LANES + 1, LANES):
        part = scores_W[low : low + LANES]
        for lane in range(LANES):
            best_L[lane] = part[lane] if part[lane] > best_L[lane] else best_L[lane]
    best_L.sort()
    return max(best_L[LANES - count], LEAST)


@compiled()
def _keep_best(scores_W: FeatureArray, limit: np.float32, indices_K: Int32Array, scores_K: FeatureArray) -> None:
    """Put scores into one list where they are good enough; those below `limit` are ignored."""
    marked_W = np.empty(LANES, np.bool_)
    groups = marked_W.view(np.uint64)
    for low in range(0, len(scores_W), LANES):
        part = scores_W[low : low + LANES]
        for w in range(len(part)):
            marked_W[w] = part[w] >= limit
        marked_W[len(part) :] = False
        for group in range(len(groups)):
            if groups[group]:
                for w in range(8 * group, min(8 * group + 8, len(part))):
                    if part[w] >= limit:
                        _insert(indices_K, scores_K, low + w, part[w])
        limit = max(limit, scores_K[0])


@compiled(parallel=True)
def copy_columns(products_RW: FeatureArray, skipped: int, cosines_QG: FeatureArray, row: int, column: int) -> None:
    """Copy a block without its first `skipped` columns to (`row`, `column`) of `cosines_QG`, up to its last row."""
    stop = column + products_RW.shape[1] - skipped
    for r in numba.prange(min(len(products_RW), len(cosines_QG) - row)):
        cosines_QG[row + r, column:stop] = products_RW[r, skipped:]


@compiled(parallel=True)
def best_of_rows(scores_RW: FeatureArray, indices_RK: Int32Array, scores_RK: FeatureArray) -> None:
    """The best K columns of each row, best first, ties by index; -infinity is never kept (NOBODY stays)."""
    for row in numba.prange(len(scores_RW)):
        indices_RK[row] = NOBODY
        scores_RK[row] = NOTHING
        limit = _bound(scores_RW[row], scores_RK.shape[1])
        _keep_best(scores_RW[row], limit, indices_RK[row], scores_RK[row])
        _sort_heap(indices_RK[row], scores_RK[row])


@compiled()
def _mark(
    forward_W: FeatureArray,
    backward_W: FeatureArray,
    limit: np.float32,
    least: np.float32,
    threshold_W: FeatureArray,
    lowest_W: FeatureArray,
    marked_W: "np.ndarray[Any, np.dtype[np.bool_]]",
) -> None:
    """Mark the scores of one row that change a list: the row's (`limit`, `least`) or a column's."""
    for w in range(len(forward_W)):
        wanted = (forward_W[w] >= threshold_W[w]) | (forward_W[w] < lowest_W[w])
        marked_W[w] = wanted | (backward_W[w] >= limit) | (backward_W[w] < least)


@compiled()
def _take_row(
    i: int,
    j: int,
    row: int,
    scores: tuple[FeatureArray, FeatureArray],
    lists: Lists,
    threshold_N: FeatureArray,
    own: Lists,
    marked_W: "np.ndarray[Any, np.dtype[np.bool_]]",
) -> None:
    """Put the scores between picture i and the pictures j onwards into `own`, for i, and into the others' lists."""
    forward_W, backward_W = scores
    columns = slice(j, j + len(forward_W))
    threshold_W, lowest_W = threshold_N[columns], lists.lowest_N[columns]
    limit, least = lists.scores_NK[i, 0], lists.lowest_N[i]
    _mark(forward_W, backward_W, limit, least, threshold_W, lowest_W, marked_W)
    marked_W[len(forward_W) :] = False
    groups = marked_W.view(np.uint64)
    for group in range(len(groups)):
        if not groups[group]:
            continue
        for w in range(8 * group, min(8 * group + 8, len(forward_W))):
            own.lowest_N[row] = min(own.lowest_N[row], backward_W[w])
            lowest_W[w] = min(lowest_W[w], forward_W[w])
            if backward_W[w] >= limit:
                _insert(own.indices_NK[row], own.scores_NK[row], j + w, backward_W[w])
            if forward_W[w] >= threshold_W[w] and i != j + w:
                _insert(lists.indices_NK[j + w], lists.scores_NK[j + w], i, forward_W[w])
                threshold_W[w] = lists.scores_NK[j + w, 0]


@compiled()
def _absorb_stripe(
    products_RW: FeatureArray,
    low: int,
    width: int,
    row_start: int,
    column_start: int,
    pictures: Moments,
    rule: Rule,
    lists: Lists,
    threshold_N: FeatureArray,
    own: Lists,
) -> None:
    """`absorb_block` for one stripe, the columns from `low` on; the rows' best go to the stripe's own lists."""
    stop = min(low + width, products_RW.shape[1])
    forward_W = np.empty(STRIPE, np.float32)
    backward_W = np.empty(STRIPE, np.float32)
    marked_W = np.empty(STRIPE, np.bool_)
    own.indices_NK[:] = NOBODY
    own.scores_NK[:] = NOTHING
    own.lowest_N[:] = np.inf
    for row in range(len(products_RW)):
        i = row_start + row
        first = max(low, row) if row_start == column_start else low
        if first >= stop:
            break
        forward, backward = forward_W[: stop - first], backward_W[: stop - first]
        j = column_start + first
        differ = _fuse_row(products_RW[row, first:stop], i, pictures, pictures, j, rule, forward, backward)
        _take_row(i, j, row, (forward, backward if differ else forward), lists, threshold_N, own, marked_W)


def stripe_width(columns: int) -> int:
    """The width of the stripes of a block with this many columns, for the current number of threads."""
    share = -(-columns // numba.get_num_threads())
    return min(STRIPE, max(128, -(-share // 64) * 64))


@compiled()
def _merge_stripes(
    row: int,
    stripes: int,
    picture: int,
    lists: Lists,
    threshold_N: FeatureArray,
    spare: tuple[Int32Array, FeatureArray, FeatureArray],
) -> None:
    """Merge what the first `stripes` stripes found for one row of a block into its picture's list."""
    indices_TRK, scores_TRK, lowest_TR = spare
    for stripe in range(stripes):
        lists.lowest_N[picture] = min(lists.lowest_N[picture], lowest_TR[stripe, row])
        for place in range(scores_TRK.shape[2]):
            score = scores_TRK[stripe, row, place]
            _insert(lists.indices_NK[picture], lists.scores_NK[picture], indices_TRK[stripe, row, place], score)
    threshold_N[picture] = lists.scores_NK[picture, 0]


@compiled(parallel=True)
def absorb_block(
    products_RW: FeatureArray,
    row_start: int,
    column_start: int,
    pictures: Moments,
    rule: Rule,
    lists: Lists,
    threshold_N: FeatureArray,
    width: int,
    spare: tuple[Int32Array, FeatureArray, FeatureArray],
) -> None:
    """Put one block of all pairs' inner products into every picture's list.

    Picture i's list holds the scores of all pictures, itself included, as queries with i as the gallery picture. The
    block lies on or above the diagonal (row_start <= column_start): each product is read once and used in both
    directions; of a block on the diagonal only the upper triangle is read. Stripes of columns run in parallel, each
    with its own lists for the block's rows, which are merged at the end. Lists are heaps until `sort_heaps`.

    Args:
        threshold_N: the worst kept score of each list, in one array so that those of a stripe are contiguous.
        width: columns of a stripe, from `stripe_width`.
        spare: memory for the stripes' lists: indices (T, R, K), scores (T, R, K), lowest (T, R).
    """
    stripes = (products_RW.shape[1] + width - 1) // width
    indices_TRK, scores_TRK, lowest_TR = spare
    for stripe in numba.prange(stripes):
        own = Lists(indices_TRK[stripe], scores_TRK[stripe], lowest_TR[stripe])
        low = stripe * width
        _absorb_stripe(products_RW, low, width, row_start, column_start, pictures, rule, lists, threshold_N, own)
    for row in numba.prange(len(products_RW)):
        _merge_stripes(row, stripes, row_start + row, lists, threshold_N, spare)
