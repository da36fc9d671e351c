rule render_demo:
    input:
        script=script("render_demo"),
        modules=modules("render_demo"),
    output:
        marker="data/{dataset}/rendered.json",
    log:
        "results/{dataset}/logs/render_demo.log",
    benchmark:
        "results/{dataset}/benchmarks/render_demo.tsv"
    wildcard_constraints:
        dataset="|".join(re.escape(name) for name in RENDERED) or "(?!)",
    conda:
        ENVIRONMENT
    threads: 8
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        output=lambda wildcards: f"data/{wildcards.dataset}",
        options=options("render"),
    shell:
        "python {input.script:q} --output {params.output:q} --workers {threads} {params.options:q} > {log:q} 2>&1"


rule prepare_dataset:
    input:
        script=script("prepare_dataset"),
        modules=modules("prepare_dataset"),
        raw=raw_data,
    output:
        manifest="results/{dataset}/manifest.csv",
        summary="results/{dataset}/dataset.json",
    log:
        "results/{dataset}/logs/prepare_dataset.log",
    benchmark:
        "results/{dataset}/benchmarks/prepare_dataset.tsv"
    conda:
        ENVIRONMENT
    threads: 4
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        root=root,
        format=lambda wildcards: DATASETS[wildcards.dataset]["format"],
        source=lambda wildcards: (
            ["--source-manifest", DATASETS[wildcards.dataset]["manifest"]]
            if "manifest" in DATASETS[wildcards.dataset]
            else []
        ),
        options=options("prepare"),
    shell:
        "python {input.script:q} --dataset {wildcards.dataset:q} --format {params.format:q} --root {params.root:q} "
        "{params.source:q} --manifest {output.manifest:q} --summary {output.summary:q} --threads {threads} "
        "{params.options:q} > {log:q} 2>&1"
