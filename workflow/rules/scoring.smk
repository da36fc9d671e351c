rule evaluate_joint:
    input:
        script=script("evaluate_joint"),
        features="results/{dataset}/{model}/features.h5",
        histograms=of_job(Plan.histograms),
    output:
        scores="results/{dataset}/{model}/{fusion}/scores.h5",
        metrics="results/{dataset}/{model}/{fusion}/scores.json",
    log:
        "results/{dataset}/logs/evaluate_joint.{model}.{fusion}.log",
    benchmark:
        "results/{dataset}/benchmarks/evaluate_joint.{model}.{fusion}.tsv"
    conda:
        ENVIRONMENT
    threads: PLAN.compute["scoring_threads"]
    resources:
        mem_mb=asked(memory_requests.evaluate_joint),
        runtime=120,
        gpu=GPUS,
    params:
        *code("evaluate_joint"),
        device=DEVICE,
        options=options("joint"),
    shell:
        "python {input.script:q} --features {input.features:q} --histograms {input.histograms:q} "
        "--output {output.scores:q} --metrics {output.metrics:q} --fusion {wildcards.fusion:q} --device {params.device} "
        "--threads {threads} {params.options:q} >> {log:q} 2>&1"


rule rerank_scores:
    input:
        script=script("rerank_scores"),
        features="results/{dataset}/{model}/features.h5",
        histograms=of_job(Plan.histograms),
        scores="results/{dataset}/{model}/{fusion}/scores.h5",
    output:
        reranked="results/{dataset}/{model}/{fusion}/reranked.h5",
        metrics="results/{dataset}/{model}/{fusion}/reranked.json",
    log:
        "results/{dataset}/logs/rerank_scores.{model}.{fusion}.log",
    benchmark:
        "results/{dataset}/benchmarks/rerank_scores.{model}.{fusion}.tsv"
    conda:
        ENVIRONMENT
    threads: PLAN.compute["scoring_threads"]
    resources:
        mem_mb=asked(memory_requests.rerank_scores),
        runtime=240,
        gpu=GPUS,
    params:
        *code("rerank_scores"),
        device=DEVICE,
        joint=options("joint"),
        options=options("rerank"),
    shell:
        "python {input.script:q} --features {input.features:q} --histograms {input.histograms:q} "
        "--scores {input.scores:q} --output {output.reranked:q} --metrics {output.metrics:q} --fusion {wildcards.fusion:q} "
        "--device {params.device} --threads {threads} {params.joint:q} {params.options:q} >> {log:q} 2>&1"
