"""The compiled inner loops of scoring: joint scores of blocks and the best of each row.

A pair's joint score depends on who asks: `asked` is the score of row picture asking column picture,
`answered` that of column asking row. They differ only for equal times before different cameras.

All kernels that call one another stand in this one module, because numba's on-disk cache notices a
change only in the file a kernel itself is defined in.

Shape suffixes: R rows and W columns of a block, P pairs, N pictures, D feature values, C cameras,
S signed bins, K kept per row, T stripes of columns. All indices are 0-based.
"""

# ruff: noqa: PLR0917  a compiled function takes positional arguments only
from typing import Any

import numba
import numpy as np

from streid.artifacts import FeatureArray
from streid.scoring.compilation import Int32Array, Lists, Moments, Rule, compiled

STRIPE = 256
CHUNK = 32
NOBODY = np.int32(2**31 - 1)
NOTHING = np.float32(-np.inf)
LEAST = np.float32(np.finfo(np.float32).min)
ONE = np.float32(1)
HALF = np.float32(0.5)
LOG2_E = np.float32(1.4426950408889634)
LN_2_HIGH = np.float32(0.693359375)
LN_2_LOW = np.float32(-2.12194440e-4)
EXPONENT_BIAS = np.int32(127)
MANTISSA_BITS = np.int32(23)


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
def _look_up(
    camera: int,
    session: int,
    time: float,
    others: Moments,
    start: int,
    rule: Rule,
    asked_W: FeatureArray,
    answered_W: FeatureArray,
) -> None:
    """What the times say, v, between one picture and the pictures `start` onwards, in both directions."""
    if session < 0:
        asked_W[:] = rule.unknown
        answered_W[:] = rule.unknown
        return
    stop = start + len(asked_W)
    camera_W, session_W, time_W = others.camera_N[start:stop], others.session_N[start:stop], others.time_N[start:stop]
    bins = np.int32(rule.table_CCS.shape[2])
    beyond = np.int32(bins // 2 - 1)
    table = rule.table_CCS[camera].reshape(-1)
    position_W = np.empty(STRIPE, np.uint32)
    equal = 0
    for w in range(len(asked_W)):
        gap = time - time_W[w]
        steps = np.int32(min(np.floor(abs(gap) / rule.bin_width + rule.rounding), np.float64(beyond)))
        signed = beyond + np.int32(1) + steps if gap > 0 else beyond - steps
        position_W[w] = camera_W[w] * bins + signed
        equal += gap == 0
    for w in range(len(asked_W)):
        value = table[position_W[w]]
        elsewhere = session_W[w] >= 0 and camera_W[w] != camera
        value = value if session_W[w] == session else (rule.apart if elsewhere else rule.unknown)
        asked_W[w] = value
        answered_W[w] = value
    if equal:
        for w in range(len(asked_W)):
            if time_W[w] == time and session_W[w] == session:
                answered_W[w] = rule.table_CCS[camera_W[w], camera, beyond]


@compiled()
def _fuse_row(
    products_W: FeatureArray,
    picture: int,
    pictures: Moments,
    others: Moments,
    start: int,
    rule: Rule,
    asked_W: FeatureArray,
    answered_W: FeatureArray,
) -> None:
    """Joint scores between one picture and the pictures `start` onwards of `others`, in both directions."""
    camera, session, time = pictures.camera_N[picture], pictures.session_N[picture], pictures.time_N[picture]
    _look_up(camera, session, time, others, start, rule, asked_W, answered_W)
    if rule.logistic:
        for w in range(len(products_W)):
            share = ONE / (ONE + _exponential(-rule.alpha * products_W[w]))
            asked_W[w] *= share
            answered_W[w] *= share
    else:
        for w in range(len(products_W)):
            asked_W[w] += products_W[w]
            answered_W[w] += products_W[w]


@compiled(parallel=True)
def fuse_block(
    products_RW: FeatureArray,
    rows: Moments,
    columns: Moments,
    rule: Rule,
    answered: bool,
    scores_RW: FeatureArray,
) -> None:
    """Joint scores of a block into `scores_RW` (which may be `products_RW`): rows ask, or, if `answered`, columns."""
    for row in numba.prange(len(products_RW)):
        asked_W = np.empty(STRIPE, np.float32)
        answered_W = np.empty(STRIPE, np.float32)
        for low in range(0, products_RW.shape[1], STRIPE):
            high = min(low + STRIPE, products_RW.shape[1])
            count = high - low
            _fuse_row(products_RW[row, low:high], row, rows, columns, low, rule, asked_W[:count], answered_W[:count])
            scores_RW[row, low:high] = answered_W[:count] if answered else asked_W[:count]


@compiled(parallel=True)
def fuse_pairs(
    products_P: FeatureArray, asking_P: Int32Array, asked_P: Int32Array, pictures: Moments, rule: Rule
) -> FeatureArray:
    """Joint scores of single pairs of pictures."""
    scores_P = np.empty(len(products_P), np.float32)
    for pair in numba.prange(len(products_P)):
        spare = np.empty(1, np.float32)
        one = slice(pair, pair + 1)
        _fuse_row(products_P[one], asking_P[pair], pictures, pictures, asked_P[pair], rule, scores_P[one], spare)
    return scores_P


@compiled(parallel=True, fastmath=frozenset({"contract", "reassoc"}))
def multiply_pairs(features_ND: FeatureArray, first_P: Int32Array, second_P: Int32Array) -> FeatureArray:
    """Inner products of single pairs of feature rows."""
    products_P = np.empty(len(first_P), np.float32)
    for pair in numba.prange(len(first_P)):
        total = np.float32(0)
        for d in range(features_ND.shape[1]):
            total += features_ND[first_P[pair], d] * features_ND[second_P[pair], d]
        products_P[pair] = total
    return products_P


@compiled()
def _insert(indices_K: Int32Array, scores_K: FeatureArray, index: int, score: np.float32) -> None:
    """Keep `index` in a best-first list if it is among its best; of equal scores the lower index is better."""
    place = len(scores_K) - 1
    if score < scores_K[place] or (score == scores_K[place] and index >= indices_K[place]):
        return
    while place > 0 and (
        scores_K[place - 1] < score or (scores_K[place - 1] == score and indices_K[place - 1] > index)
    ):
        scores_K[place] = scores_K[place - 1]
        indices_K[place] = indices_K[place - 1]
        place -= 1
    scores_K[place] = score
    indices_K[place] = index


@compiled()
def _keep_best(
    scores_W: FeatureArray, start: int, threshold: np.float32, indices_K: Int32Array, scores_K: FeatureArray
) -> None:
    """Offer scores of the pictures `start` onwards to one list; those below `threshold` are passed over."""
    for low in range(0, len(scores_W), CHUNK):
        chunk = scores_W[low : low + CHUNK]
        limit = max(threshold, scores_K[-1])
        hits = 0
        for w in range(len(chunk)):
            hits += chunk[w] >= limit
        if hits:
            for w in range(len(chunk)):
                if chunk[w] >= limit:
                    _insert(indices_K, scores_K, start + low + w, chunk[w])


@compiled(parallel=True)
def best_of_rows(scores_RW: FeatureArray, indices_RK: Int32Array, scores_RK: FeatureArray) -> None:
    """The best K columns of each row, best first, ties by index; -infinity is never kept (NOBODY stays)."""
    for row in numba.prange(len(scores_RW)):
        indices_RK[row] = NOBODY
        scores_RK[row] = NOTHING
        _keep_best(scores_RW[row], 0, LEAST, indices_RK[row], scores_RK[row])


@compiled()
def _offer_to_columns(scores_W: FeatureArray, picture: int, columns: Lists, threshold_W: FeatureArray) -> None:
    """Offer one picture to the lists of the columns."""
    for w in range(len(scores_W)):
        columns.lowest_N[w] = scores_W[w] if scores_W[w] < columns.lowest_N[w] else columns.lowest_N[w]
    for low in range(0, len(scores_W), CHUNK):
        high = min(low + CHUNK, len(scores_W))
        hits = 0
        for w in range(low, high):
            hits += scores_W[w] >= threshold_W[w]
        if hits:
            for w in range(low, high):
                if scores_W[w] >= threshold_W[w]:
                    _insert(columns.indices_NK[w], columns.scores_NK[w], picture, scores_W[w])
                    threshold_W[w] = columns.scores_NK[w, -1]


@compiled(fastmath=frozenset({"nnan", "nsz"}))
def _lowest(scores_W: FeatureArray) -> Any:
    lowest = np.float32(np.inf)
    for w in range(len(scores_W)):
        lowest = min(lowest, scores_W[w])
    return lowest


@compiled()
def _absorb_stripe(
    products_RW: FeatureArray,
    low: int,
    row_start: int,
    column_start: int,
    pictures: Moments,
    rule: Rule,
    lists: Lists,
    threshold_N: FeatureArray,
    own: Lists,
) -> None:
    """`absorb_block` for the columns `low` onwards; the rows' best go to the stripe's own lists."""
    stop = min(low + STRIPE, products_RW.shape[1])
    asked_W = np.empty(STRIPE, np.float32)
    answered_W = np.empty(STRIPE, np.float32)
    own.indices_NK[:] = NOBODY
    own.scores_NK[:] = NOTHING
    own.lowest_N[:] = np.inf
    for row in range(len(products_RW)):
        i = row_start + row
        first = max(low, row) if row_start == column_start else low
        if first >= stop:
            break
        j = column_start + first
        asked, answered = asked_W[: stop - first], answered_W[: stop - first]
        _fuse_row(products_RW[row, first:stop], i, pictures, pictures, j, rule, asked, answered)
        _keep_best(answered, j, lists.scores_NK[i, -1], own.indices_NK[row], own.scores_NK[row])
        own.lowest_N[row] = _lowest(answered)
        itself = 1 if i == j else 0
        part = slice(j + itself, column_start + stop)
        columns = Lists(lists.indices_NK[part], lists.scores_NK[part], lists.lowest_N[part])
        _offer_to_columns(asked[itself:], i, columns, threshold_N[part])


@compiled()
def _merge_stripes(
    row: int,
    stripes: int,
    picture: int,
    lists: Lists,
    threshold_N: FeatureArray,
    spare: tuple[Int32Array, FeatureArray, FeatureArray],
) -> None:
    """Take what the first `stripes` stripes found for one row of a block into its picture's list."""
    indices_TRK, scores_TRK, lowest_TR = spare
    for stripe in range(stripes):
        lists.lowest_N[picture] = min(lists.lowest_N[picture], lowest_TR[stripe, row])
        for place in range(scores_TRK.shape[2]):
            score = scores_TRK[stripe, row, place]
            _insert(lists.indices_NK[picture], lists.scores_NK[picture], indices_TRK[stripe, row, place], score)
    threshold_N[picture] = lists.scores_NK[picture, -1]


@compiled(parallel=True)
def absorb_block(
    products_RW: FeatureArray,
    row_start: int,
    column_start: int,
    pictures: Moments,
    rule: Rule,
    lists: Lists,
    threshold_N: FeatureArray,
    spare: tuple[Int32Array, FeatureArray, FeatureArray],
) -> None:
    """Take one block of all pairs' inner products into every picture's list.

    Picture i's list holds the scores of the others, and of itself, asking i. The block lies on or above
    the diagonal (row_start <= column_start): each product is read once and serves both directions; of a
    block on the diagonal only the upper triangle is read. Stripes of columns run in parallel, each with
    lists of its own for the block's rows, which are merged at the end.

    Args:
        threshold_N: the last kept score of each list, beside the lists so that a stripe's lie side by side.
        spare: room for the stripes' lists: indices (T, R, K), scores (T, R, K), lowest (T, R).
    """
    stripes = (products_RW.shape[1] + STRIPE - 1) // STRIPE
    indices_TRK, scores_TRK, lowest_TR = spare
    for stripe in numba.prange(stripes):
        own = Lists(indices_TRK[stripe], scores_TRK[stripe], lowest_TR[stripe])
        _absorb_stripe(products_RW, stripe * STRIPE, row_start, column_start, pictures, rule, lists, threshold_N, own)
    for row in numba.prange(len(products_RW)):
        _merge_stripes(row, stripes, row_start + row, lists, threshold_N, spare)
