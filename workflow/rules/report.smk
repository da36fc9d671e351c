def of_models(name):
    """An input function: a file of every model the data set is evaluated with."""
    return lambda wildcards: expand(
        "results/{dataset}/{model}/{name}",
        dataset=wildcards.dataset,
        model=DATASETS[wildcards.dataset]["models"],
        name=name,
    )


def training_histories(wildcards):
    """training.csv of the models trained on this data set; one trained on another shows its own there."""
    own = [model for model in DATASETS[wildcards.dataset]["models"] if "@" not in model]
    return expand(
        "results/{dataset}/{model}/training.csv", dataset=wildcards.dataset, model=own
    )


def model_folders(wildcards):
    """`--model NAME=DIR` for every model of the data set."""
    models = DATASETS[wildcards.dataset]["models"]
    return [
        word
        for name in models
        for word in ("--model", f"{name}=results/{wildcards.dataset}/{name}")
    ]


def configuration(wildcards):
    """Everything that decides this data set's results, as JSON for the report."""
    name, models = wildcards.dataset, DATASETS[wildcards.dataset]["models"]
    general = {
        section: settings(section, name)
        for section in ("prepare", "histograms", "report")
    }
    per_model = {
        model: {
            section: settings(section, name, model)
            for section in ("train", "extract", "joint", "rerank")
        }
        for model in models
    }
    return json.dumps(
        {"format": DATASETS[name]["format"], **general, "models": per_model},
        sort_keys=True,
    )


rule write_report:
    input:
        script=script("write_report"),
        modules=modules("write_report"),
        page_sources=[
            str(PIPELINE / "streid" / "reporting" / name)
            for name in ("report.html.jinja", "report.css")
        ],
        manifest="results/{dataset}/manifest.csv",
        summary="results/{dataset}/dataset.json",
        histograms="results/{dataset}/histograms.h5",
        histories=training_histories,
        features=of_models("features.h5"),
        scores=of_models("scores.h5"),
        metrics=of_models("scores.json"),
        reranked=of_models("reranked.h5"),
        reranked_metrics=of_models("reranked.json"),
    output:
        report="results/{dataset}/report.json",
        page="results/{dataset}/report.html",
        figures=directory("results/{dataset}/figures"),
    log:
        "results/{dataset}/logs/write_report.log",
    benchmark:
        "results/{dataset}/benchmarks/write_report.tsv"
    conda:
        ENVIRONMENT
    threads: 2
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        root=root,
        models=model_folders,
        benchmarks="results/{dataset}/benchmarks",
        configuration=configuration,
        options=options("report"),
    shell:
        "python {input.script:q} --dataset {wildcards.dataset:q} --manifest {input.manifest:q} "
        "--summary {input.summary:q} --histograms {input.histograms:q} --root {params.root:q} {params.models:q} "
        "--output {output.report:q} --page {output.page:q} --figures {output.figures:q} "
        "--benchmarks {params.benchmarks:q} --config-json <(printf %s {params.configuration:q}) --threads {threads} "
        "{params.options:q} > {log:q} 2>&1"
