"""The models at work: where they look, which graphs they use, and how their features are arranged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from streid.files.inspections import PatchGraphs, read_inspection
from streid.reporting.figures.adjacency import plot_adjacency
from streid.reporting.figures.branch_norms import plot_branches
from streid.reporting.figures.channel_attention import plot_channels
from streid.reporting.figures.charts import Chart
from streid.reporting.figures.embedding import find_neighbourhood, plot_neighbourhood
from streid.reporting.figures.energy import plot_energy
from streid.reporting.figures.inspected import Inspected, show_pictures
from streid.reporting.figures.part_maps import plot_parts
from streid.reporting.figures.part_messages import plot_messages
from streid.reporting.figures.patch_graphs import plot_graphs
from streid.reporting.figures.stripe_norms import plot_stripes
from streid.reporting.report.sections.frame import ChartGroup, Material, Section

ENERGY = (
    "The length of the feature vector at each place of the last feature map, over the grey picture. Bright places "
    "decide the feature; each model has its own scale."
)
STRIPES = (
    "The stripes that become the parts of the feature, and the length of each part's feature. The longest stands out."
)
GRAPHS = (
    "Lines over the body join patches that exchange what they see; the wider, the more. Yellow: patches that touch, "
    "blue: others. Arcs do the same for the frames, as the mean of the patches."
)
ADJACENCY = (
    "How much the patch or frame of a row receives from that of a column; half is fixed, half learned from the "
    "pictures. Left: hundredths, patches counted row by row from the top left. Right: a matrix for each patch, at its "
    "place on the body."
)
BRANCHES = "The length of the features that are fused: of the whole picture, over the frames, and over the body."
PARTS = (
    "Where each part is, from 0 to 1, and at the right what channel attention adds to the map, over some pictures or "
    "the frames of one clip."
)
MESSAGES = (
    "How much the part of a row receives from that of a column, as the mean of the pictures or clips shown; in a clip, "
    "frame after frame."
)
CHANNELS = (
    "How much attention each channel gets, as a multiple of an equal share: if the curve starts far above 1, a few "
    "channels get most of it."
)
NEIGHBOURHOOD = (
    "Features of some test identities in two dimensions (t-SNE): points close together are alike; distances between "
    "points far apart mean nothing. Each identity has a colour and a number, each camera a marker."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelsSection(Section):
    """Each model's features, and figures by kind.

    features: (model, (what a feature describes, its length, where the model was trained)). unseen: models whose
    insides are not here: their features were given without the model, or it is a network of another program.
    """

    features: Sequence[tuple[str, tuple[str, ...]]]
    groups: Sequence[ChartGroup]
    unseen: Sequence[str]


def compose_models(material: Material) -> ModelsSection:
    """Draw what inspection.h5 and features.h5 of each model hold.

    Raises:
        InputError: a file is damaged, or a picture to be shown is missing or unreadable.
    """
    files = {run.name: run.folder / "inspection.h5" for run in material.runs}
    inspections = {name: read_inspection(file) for name, file in files.items() if file.is_file()}
    shown = show_pictures(inspections, material.store)
    return ModelsSection(
        features=[
            (run.name, (f"one per {run.unit}", f"{run.feature_length:,}", run.source or material.dataset))
            for run in material.runs
        ],
        groups=[*_inspected_groups(shown), _neighbourhoods(material)],
        unseen=[name for name in files if name not in inspections],
    )


def _inspected_groups(shown: Sequence[Inspected]) -> list[ChartGroup]:
    """A group for each kind of figure, of the models that have it."""
    attending = [one for one in shown if one.inspection.blocks]
    stripes = [plot_stripes(one, one.inspection.stripes) for one in shown if one.inspection.stripes]
    parts = [plot_parts(one, name, block) for one in attending for name, block in one.inspection.blocks.items()]
    return [
        ChartGroup(title="Energy of the last feature map", reading=ENERGY, charts=[plot_energy(one) for one in shown]),
        ChartGroup(title="Stripes", reading=STRIPES, charts=stripes),
        ChartGroup(title="Graphs over body and frames", reading=GRAPHS, charts=_of_graphs(shown, plot_graphs)),
        ChartGroup(title="Adjacency", reading=ADJACENCY, charts=_of_graphs(shown, plot_adjacency)),
        ChartGroup(title="Branches", reading=BRANCHES, charts=_of_graphs(shown, plot_branches)),
        ChartGroup(title="Parts and channels", reading=PARTS, charts=parts),
        ChartGroup(title="Messages between parts", reading=MESSAGES, charts=[plot_messages(one) for one in attending]),
        ChartGroup(title="Channel attention", reading=CHANNELS, charts=[plot_channels(one) for one in attending]),
    ]


def _of_graphs(shown: Sequence[Inspected], plot: Callable[[Inspected, PatchGraphs], Chart]) -> list[Chart]:
    return [plot(one, one.inspection.graphs) for one in shown if one.inspection.graphs]


def _neighbourhoods(material: Material) -> ChartGroup:
    """Each model's features of the same people, where there are enough."""
    found = [(run.name, find_neighbourhood(run, material.seed)) for run in material.runs]
    charts = [plot_neighbourhood(name, one) for name, one in found if one]
    return ChartGroup(
        title="Some identities\N{RIGHT SINGLE QUOTATION MARK} features", reading=NEIGHBOURHOOD, charts=charts
    )
