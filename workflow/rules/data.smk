rule render_demo:
    input:
        script=script("render_demo"),
    output:
        marker="data/{dataset}/rendered.json",
    log:
        "results/{dataset}/logs/render_demo.log",
    benchmark:
        "results/{dataset}/benchmarks/render_demo.tsv"
    wildcard_constraints:
        dataset=any_of(PLAN.rendered),
    conda:
        ENVIRONMENT
    threads: 8
    resources:
        mem_mb=asked(memory_requests.render_demo),
        runtime=60,
    params:
        *code("render_demo"),
        output=lambda wildcards: f"data/{wildcards.dataset}",
        options=options("render"),
    shell:
        "python {input.script:q} --output {params.output:q} --workers {threads} {params.options:q} >> {log:q} 2>&1"


rule prepare_dataset:
    input:
        script=script("prepare_dataset"),
        raw=of_job(Plan.raw_data),
    output:
        manifest="results/{dataset}/manifest.csv",
        summary="results/{dataset}/dataset.json",
        pictures="results/{dataset}/pictures.h5",
    log:
        "results/{dataset}/logs/prepare_dataset.log",
    benchmark:
        "results/{dataset}/benchmarks/prepare_dataset.tsv"
    conda:
        ENVIRONMENT
    threads: 4
    resources:
        mem_mb=asked(memory_requests.prepare_dataset),
        runtime=120,
    params:
        *code("prepare_dataset"),
        root=of_job(Plan.root),
        format=of_job(Plan.format),
        source=of_job(Plan.source_flags),
        options=options("prepare"),
    shell:
        "python {input.script:q} --dataset {wildcards.dataset:q} --format {params.format:q} --root {params.root:q} "
        "{params.source:q} --manifest {output.manifest:q} --summary {output.summary:q} --pictures {output.pictures:q} "
        "--threads {threads} {params.options:q} >> {log:q} 2>&1"
