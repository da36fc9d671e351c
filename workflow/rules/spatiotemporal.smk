rule build_histograms:
    input:
        script=script("build_histograms"),
        manifest="results/{dataset}/manifest.csv",
        summary="results/{dataset}/dataset.json",
    output:
        histograms="results/{dataset}/histograms.h5",
    log:
        "results/{dataset}/logs/build_histograms.log",
    benchmark:
        "results/{dataset}/benchmarks/build_histograms.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=asked(memory_requests.build_histograms),
        runtime=30,
    params:
        *code("build_histograms"),
        options=options("histograms"),
    shell:
        "python {input.script:q} --manifest {input.manifest:q} --summary {input.summary:q} --output {output.histograms:q} "
        "--threads {threads} {params.options:q} >> {log:q} 2>&1"
