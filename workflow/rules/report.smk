# How this run was started, for the page's command that repeats it. In the environment and no param: a run started with other
# flags makes the page again only if something else changed.
os.environ.update(
    STREID_RUN_FLAGS=run_flags(
        workflow.config_settings.configfiles,
        workflow.config_settings.config_args,
        profile_flags(sys.argv[1:], os.environ, main=workflow.is_main_process),
    )
)


rule write_explorer:
    input:
        script=script("write_explorer"),
        templates=templates("", "explorer"),
        pictures="results/{dataset}/pictures.h5",
        histograms="results/{dataset}/histograms.h5",
        other_histograms=of_job(report_plan.foreign_histograms),
        features=of_models("features.h5"),
        scores=of_fusions("scores.h5"),
        metrics=of_fusions("scores.json"),
        reranked=of_fusions("reranked.h5"),
        reranked_metrics=of_fusions("reranked.json"),
    output:
        page=report(
            "results/{dataset}/explorer.html",
            caption="../report/explorer.rst",
            category="{dataset}",
            labels={"figure": "gallery explorer"},
        ),
    log:
        "results/{dataset}/logs/write_explorer.log",
    benchmark:
        "results/{dataset}/benchmarks/write_explorer.tsv"
    conda:
        ENVIRONMENT
    threads: 2
    resources:
        mem_mb=asked(memory_requests.write_explorer),
        runtime=60,
    params:
        *code("write_explorer"),
        root=of_job(Plan.root),
        models=of_job(report_plan.model_flags),
        other_histograms=of_job(report_plan.foreign_histogram_flags),
        report="results/{dataset}/report.html",
        clock=of_job(report_plan.clock_flags),
        options=options("explorer"),
    shell:
        "python {input.script:q} --dataset {wildcards.dataset:q} --histograms {input.histograms:q} --root {params.root:q} "
        "--packed {input.pictures:q} {params.models:q} {params.other_histograms:q} --output {output.page:q} --report {params.report:q} "
        "--threads {threads} {params.clock:q} {params.options:q} >> {log:q} 2>&1"


rule write_report:
    input:
        script=script("write_report"),
        templates=templates("report"),
        manifest="results/{dataset}/manifest.csv",
        summary="results/{dataset}/dataset.json",
        pictures="results/{dataset}/pictures.h5",
        histograms="results/{dataset}/histograms.h5",
        histories=of_job(Plan.training_histories),
        features=of_models("features.h5"),
        inspections=of_job(Plan.inspections),
        scores=of_fusions("scores.h5"),
        metrics=of_fusions("scores.json"),
        reranked=of_fusions("reranked.h5"),
        reranked_metrics=of_fusions("reranked.json"),
        # Not ancient(), although the page only links to it: with it, other changes would not make the report either.
        explorer="results/{dataset}/explorer.html",
    output:
        report="results/{dataset}/report.json",
        page=report(
            "results/{dataset}/report.html",
            caption="../report/page.rst",
            category="{dataset}",
            labels={"figure": "the whole report"},
        ),
        figures=report(
            directory("results/{dataset}/figures"),
            patterns=["{figure}.svg", "{figure}.png"],
            caption="../report/figure.rst",
            category="{dataset}",
            labels={"figure": "{figure}"},
        ),
    log:
        "results/{dataset}/logs/write_report.log",
    benchmark:
        "results/{dataset}/benchmarks/write_report.tsv"
    conda:
        ENVIRONMENT
    threads: 2
    resources:
        mem_mb=asked(memory_requests.write_report),
        runtime=60,
    params:
        *code("write_report"),
        root=of_job(Plan.root),
        models=of_job(report_plan.model_flags),
        benchmarks="results/{dataset}/benchmarks",
        logs="results/{dataset}/logs",
        foreign=of_job(report_plan.foreign_flags),
        trained_on=of_job(report_plan.trained_on_flags),
        configuration=of_job(report_plan.configuration_record),
        options=options("report"),
    shell:
        "python {input.script:q} --dataset {wildcards.dataset:q} --manifest {input.manifest:q} "
        "--summary {input.summary:q} --histograms {input.histograms:q} --root {params.root:q} --packed {input.pictures:q} {params.models:q} "
        "{params.foreign:q} {params.trained_on:q} --explorer {input.explorer:q} "
        "--output {output.report:q} --page {output.page:q} --figures {output.figures:q} "
        "--benchmarks {params.benchmarks:q} --logs {params.logs:q} --config-json <(printf %s {params.configuration:q}) --threads {threads} "
        '{params.options:q} --run-flags="$STREID_RUN_FLAGS" >> {log:q} 2>&1'
