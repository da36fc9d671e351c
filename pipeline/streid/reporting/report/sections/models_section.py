"""The models at work: where they look, along which graphs they speak, and how their features lie."""

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
    "The length of the channels' vector at each place of the last feature map, over the grey picture. Bright places "
    "decide the feature; each model has a scale of its own."
)
STRIPES = (
    "The stripes that become the parts of the feature, and the length of each part's feature. The longest stands out."
)
GRAPHS = (
    "Lines over the body join patches that hear each other by what was learned, the wider the more: yellow for patches "
    "that touch, blue for others. Arcs join the frames alike, mean of the patches."
)
ADJACENCY = (
    "How much the patch or frame of a row hears of that of a column; half is fixed, half learned from the pictures. "
    "Left in hundredths, patches counted row by row from the top left; right a matrix for each patch, at its place on "
    "the body."
)
BRANCHES = "The length of the features that are fused: of the whole picture, over the frames, and over the body."
PARTS = (
    "Where each part is, from 0 to 1, and at the right what channel attention adds to the map, over some pictures or "
    "the frames of one clip."
)
MESSAGES = (
    "How much the part of a row hears of that of a column, mean of the pictures or clips looked at; in a clip, frame "
    "after frame."
)
CHANNELS = (
    "How much of the attention each channel gets, in equal shares: where the curve starts far above 1, a few channels "
    "are heard by all."
)
NEIGHBOURHOOD = (
    "Features of some test identities in two dimensions (t-SNE): near points are like each other, distances between "
    "far ones mean nothing. A colour and a number for each identity, a marker for each camera."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelsSection(Section):
    """Each model's features, and figures by kind.

    features: (model, (what a feature describes, its length, where the model was trained)). unseen: models whose
    features were given without the model.
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
