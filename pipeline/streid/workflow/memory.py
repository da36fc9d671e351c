"""How much memory each stage needs, in megabytes (10^6 bytes), from the numbers that decide it.

The bases and the bytes of each thing are fitted to what `benchmarks/memory.py` measures, with room to spare; a rule
that asks for too little is killed on a cluster, one that asks for too much waits longer. Sizes of files and arrays are
in bytes. The part of a GPU that the host holds (`GPU_MB`) is an estimate.
"""

MEGABYTE = 1_000_000
ROUNDED_TO = 50
FLOAT = 4

LIBRARIES_MB = 150  # Python, numpy, pandas, h5py
SCORING_MB = 400  # and numba, which compiles where there is no cache, scipy, scikit-learn
NETWORK_MB = 1000  # and torch, torchvision
EXPLORER_MB, REPORT_MB = 300, 350
GPU_MB = 3000  # what CUDA's libraries and pinned memory take of the host's memory

PICTURE_BYTES = 1_500  # a row of the manifest while it is read and checked
DECODED_BYTES = 16 * MEGABYTE  # a picture of 4 megapixels, decoded
RENDERING_MB, RENDERER_MB = 350, 25  # with kernels that are compiled first; each process
READER_MB = 160  # a process that reads pictures, beside what it shares
READ_AHEAD = 4  # batches that each reader holds ready
BLOCK_BYTES = 64 * MEGABYTE
TABLE_CELLS, FIT_CELLS = 1 << 25, 1 << 23  # the most cells of the logistic fusion's tables, and of the likelihood's
CELL_BYTES, FIT_CELL_BYTES = 20, 120
FIT_BINS = 4096

TORCH_PAYS = 5e12  # multiply-adds between all pictures for which scoring loads torch on the CPU
KEPT_COSINES_BYTES = 1 << 31
RANKED_BYTES = 4_000  # of a query in a stream: 100 ranks, 100 right matches, drawn wrong ones
CHOOSING_BYTES = 40_000  # of a held-out picture: what it finds under each weight
MEMBERSHIP_BYTES = 40

# Megabytes of weights without classifier, and bytes of activations for each input pixel in training, in float32.
BACKBONES = {
    "resnet18": (45, 800),
    "resnet34": (86, 1100),
    "resnet50": (95, 2400),
    "resnet101": (172, 3600),
    "densenet121": (28, 3700),
}
UNKNOWN_BACKBONE = (350, 3500)
HEADS_MB = 20
OPTIMIZER_COPIES = {"sgd": 3, "adam": 4, "adamw": 4}  # of the weights: themselves, gradients and moments
SAVED_COPIES = 1
ATTENDING_CHANNELS = (512, 1024)  # of ResNet50 after layer2 and layer3
ATTENDED_BYTES = 24  # of a cell: its weight, and what it takes to compute and to learn it
LONGEST_FEATURE = 12_288  # values of PCB on ResNet50
VALIDATED_CELLS, VALIDATED_BYTES = 1 << 24, 25  # scores that are sorted at a time, and bytes of each
EXTRACTED_PIXEL_BYTES = 400
KEPT_PIXEL_BYTES = 50  # of what an inspection keeps
COMPILER_MB = 4000
EXPORT_MB, EXPORTED_COPIES, COMPARED_SAMPLES = 1200, 6, 4  # with onnx, onnxscript and onnxruntime


def rendering(*, processes: int) -> int:
    """Of drawing the demo with so many processes."""
    return _asked(RENDERING_MB + processes * RENDERER_MB)


def preparing(*, pictures: int, threads: int) -> int:
    """Of reading a data set: its table, and a picture in each thread."""
    return _asked(LIBRARIES_MB, pictures * PICTURE_BYTES + threads * DECODED_BYTES)


def importing(*, features: int, pictures: int) -> int:
    """Of importing features of so many bytes as float32, for so many pictures of the manifest."""
    return _asked(LIBRARIES_MB, features + pictures * PICTURE_BYTES)


def merging(*, pictures: int, values: int) -> int:
    """Of merging shards: the sightings of all pictures and one block of features."""
    return _asked(LIBRARIES_MB, pictures * PICTURE_BYTES + 2 * 1024 * values * FLOAT)


def counting(*, pictures: int, cameras: int, bins: int) -> int:
    """Of travel times from so many pictures, cameras, and at most so many bins of the logistic fusion's tables."""
    cells = min(cameras * cameras * bins, TABLE_CELLS)
    fitted = min(cameras * cameras * FIT_BINS, FIT_CELLS)
    return _asked(LIBRARIES_MB, pictures * PICTURE_BYTES + CELL_BYTES * cells + FIT_CELL_BYTES * fitted)


def evaluating(*, queries: int, gallery: int, held_out: int, values: int, gpu: bool) -> int:
    """Of scoring queries against a gallery by features of so many values, with a weight chosen on held-out pictures."""
    held = _scene(queries + gallery, held_out, values) + 3 * queries * RANKED_BYTES
    blocks = 3 * min(queries * gallery * FLOAT, BLOCK_BYTES)
    return _asked(SCORING_MB + _torch(queries + gallery, values, gpu), held + blocks)


def reranking(
    *, queries: int, gallery: int, held_out: int, values: int, k1: int, k2: int, candidates: int, block_rows: int,
    gpu: bool,
) -> int:  # fmt: skip
    """Of re-ranking: beside the features lists of neighbours, memberships and the kept cosines.

    Args:
        candidates: neighbours found for each that is kept (1, with bf16 more).
    """
    everyone = queries + gallery
    kept = min(max(k1 + 1, k2), everyone)
    lists = everyone * kept * 8 * (1 + candidates)
    memberships = everyone * kept * k2 * MEMBERSHIP_BYTES
    cosines = min(4 * queries * gallery, KEPT_COSINES_BYTES)
    block = 4 * min(block_rows, everyone) ** 2
    held = _scene(everyone, held_out, values) + queries * RANKED_BYTES
    return _asked(
        SCORING_MB + _torch(everyone, values, gpu), held + lists + memberships + cosines + 2 * block + BLOCK_BYTES
    )


def _scene(everyone: int, held_out: int, values: int) -> int:
    """Bytes of all pictures to be scored, and of the held-out ones while the weight is chosen."""
    choosing = held_out * (4 * values * FLOAT + CHOOSING_BYTES)
    return everyone * (values * FLOAT + PICTURE_BYTES) + choosing


def exploring(*, features: int, rankings: int, pictures: int, page_mb: float) -> int:
    """Of the explorer: one model's features at a time, all rankings, and a page of so many megabytes."""
    return _asked(EXPLORER_MB + 3 * page_mb, features + 2 * rankings + pictures * PICTURE_BYTES)


def reporting(*, rankings: int, pictures: int, runs: int) -> int:
    """Of the report of so many runs (a model with a fusion), whose rankings have so many bytes in all."""
    return _asked(REPORT_MB + 15 * runs, 2 * rankings + pictures * PICTURE_BYTES)


def network_weights(backbone: str, start: int = 0) -> int:
    """Bytes of the weights of a network that is still to be trained.

    Args:
        start: bytes of the file it starts from. Without one a backbone that is not in `BACKBONES` counts as large.
    """
    expected = BACKBONES.get(backbone, (0, 0))[0] or (0 if start else UNKNOWN_BACKBONE[0])
    return max(expected * MEGABYTE, start) + HEADS_MB * MEGABYTE


def attended_cells(*, frames: int) -> int:
    """Cells of STCA-Net's channel attention for one picture or clip: every channel of all frames with every other."""
    early, late = ATTENDING_CHANNELS
    return (frames * early) ** 2 + (late**2 if frames == 1 else 0)


def training(
    *, backbone: str, weights: int, pixels: int, batch_size: int, workers: int, processes: int, optimizer: str,
    average: bool, compiled: bool, pictures: int, held_out: int, gpu: bool, attended: int = 0,
) -> int:  # fmt: skip
    """Of training a network with `weights` bytes, in so many processes that share a batch.

    Args:
        pixels: of one sample: height x width x frames.
        workers: processes that read pictures, for each process.
        average: whether a running average of the weights is kept.
        held_out: pictures that are ranked to validate.
        attended: `attended_cells` of a network that has them.
    """
    samples = -(-batch_size // processes)
    own_batch = samples * pixels
    copies = OPTIMIZER_COPIES.get(optimizer, max(OPTIMIZER_COPIES.values())) + average + SAVED_COPIES
    activations = own_batch * BACKBONES.get(backbone, UNKNOWN_BACKBONE)[1] + samples * attended * ATTENDED_BYTES
    base = NETWORK_MB + gpu * GPU_MB + compiled * COMPILER_MB
    validated = 2 * held_out * LONGEST_FEATURE * FLOAT + min(held_out**2, VALIDATED_CELLS) * VALIDATED_BYTES
    own = _asked(base, copies * weights + activations * (not gpu) + validated + _reading(own_batch, workers, pictures))
    return processes * own + (NETWORK_MB if processes > 1 else 0)


def extracting(
    *, weights: int, pixels: int, batch_size: int, workers: int, pictures: int, gpu: bool, attended: int = 0
) -> int:
    """Of computing features with a network of `weights` bytes, from batches of samples of so many pixels."""
    held = weights + BLOCK_BYTES + _reading(batch_size * pixels, workers, pictures)
    return _asked(NETWORK_MB + gpu * GPU_MB, held + _seen(batch_size, pixels, attended) * (not gpu))


def inspecting(*, weights: int, pixels: int, units: int, pictures: int, gpu: bool, attended: int = 0) -> int:
    """Of looking at a network with `weights` bytes at work on so many units of so many pixels, one at a time."""
    held = weights + pictures * PICTURE_BYTES + _seen(1, pixels, attended) + units * pixels * KEPT_PIXEL_BYTES
    return _asked(NETWORK_MB + gpu * GPU_MB, held)


def exporting(*, weights: int, pixels: int, attended: int = 0) -> int:
    """Of writing a network with `weights` bytes as an ONNX file and comparing both on samples of so many pixels."""
    held = EXPORTED_COPIES * weights + COMPARED_SAMPLES * _seen(1, pixels, attended)
    return _asked(EXPORT_MB, held)


def _seen(samples: int, pixels: int, attended: int) -> int:
    """Bytes that samples take on their way through a network that does not learn."""
    return samples * (pixels * EXTRACTED_PIXEL_BYTES + attended * ATTENDED_BYTES)


def _reading(batch_pixels: int, workers: int, pictures: int) -> int:
    """Bytes of the processes that read pictures, their batches of uint8 RGB and tables included."""
    batches = (READ_AHEAD * workers + 2) * batch_pixels * 3
    return workers * READER_MB * MEGABYTE + batches + pictures * PICTURE_BYTES


def _torch(everyone: int, values: int, gpu: bool) -> int:
    """Megabytes of torch where scoring loads it."""
    return GPU_MB if gpu else (NETWORK_MB - SCORING_MB) * (everyone**2 * values >= TORCH_PAYS)


def _asked(megabytes: float, held: float = 0) -> int:
    """Megabytes and bytes together, rounded up."""
    whole = megabytes + held / MEGABYTE
    return ROUNDED_TO * -int(-whole // ROUNDED_TO)
