# streid: from a person re-identification data set to a report.
#
#     snakemake --cores 8 results/market/report.json --resources gpu=4
#
# Everything that can be set is described in config/config.yaml.
from snakemake.utils import min_version

min_version("9.27")


configfile: "config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/appearance.smk"
include: "workflow/rules/spatiotemporal.smk"
include: "workflow/rules/scoring.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        "results/demo/report.json",
