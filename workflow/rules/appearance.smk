rule train_appearance:
    input:
        script=script("train_appearance"),
        manifest=lambda wildcards: PLAN.training_files(
            wildcards.dataset, wildcards.model, "manifest.csv"
        ),
        summary=lambda wildcards: PLAN.training_files(
            wildcards.dataset, wildcards.model, "dataset.json"
        ),
        pictures=lambda wildcards: PLAN.training_files(
            wildcards.dataset, wildcards.model, "pictures.h5"
        ),
        start_weights=of_job(Plan.start_weights),
    output:
        model="results/{dataset}/{model}/model.safetensors",
        history="results/{dataset}/{model}/training.csv",
    log:
        "results/{dataset}/logs/train_appearance.{model}.log",
    benchmark:
        "results/{dataset}/benchmarks/train_appearance.{model}.tsv"
    wildcard_constraints:
        dataset=any_of([*PLAN.datasets, *PLAN.together]),
        model=any_of(PLAN.trained),
    conda:
        ENVIRONMENT
    threads: of_job(job_resources.training_threads)
    resources:
        mem_mb=asked(memory_requests.train_appearance),
        runtime=1440,
        gpu=of_job(job_resources.training_gpus),
    params:
        *code("train_appearance"),
        root=of_job(Plan.training_roots),
        work="results/{dataset}/{model}/work/training",
        device=DEVICE,
        processes=lambda wildcards, resources: job_resources.started_processes(
            PLAN, wildcards.dataset, wildcards.model, resources.gpu
        ),
        options=options("train"),
    shell:
        "python {input.script:q} --manifest {input.manifest:q} --summary {input.summary:q} --root {params.root:q} --packed {input.pictures:q} "
        "--output {output.model:q} --history {output.history:q} --work {params.work:q} --device {params.device} "
        "--threads {threads} --processes {params.processes} {params.options:q} >> {log:q} 2>&1"


rule extract_features:
    input:
        script=script("extract_features"),
        manifest="results/{dataset}/manifest.csv",
        summary="results/{dataset}/dataset.json",
        pictures="results/{dataset}/pictures.h5",
        model=of_job(Plan.model_files),
    output:
        shard=temp("results/{dataset}/{model}/shards/{shard}-of-{shards}.h5"),
    log:
        "results/{dataset}/logs/extract_features.{model}.{shard}-of-{shards}.log",
    benchmark:
        "results/{dataset}/benchmarks/extract_features.{model}.{shard}-of-{shards}.tsv"
    wildcard_constraints:
        model=OWN_MODELS,
    conda:
        ENVIRONMENT
    threads: PLAN.compute["gpu_job_threads"]
    resources:
        mem_mb=asked(memory_requests.extract_features),
        runtime=480,
        gpu=of_job(job_resources.extraction_gpus),
    params:
        *code("extract_features"),
        model=of_job(Plan.model_flags),
        root=of_job(Plan.root),
        work="results/{dataset}/{model}/work/extraction-{shard}-of-{shards}",
        device=DEVICE,
        options=options("extract"),
    shell:
        "python {input.script:q} --manifest {input.manifest:q} --summary {input.summary:q} --root {params.root:q} --packed {input.pictures:q} "
        "{params.model:q} --name {wildcards.model:q} --output {output.shard:q} --work {params.work:q} "
        "--device {params.device} --threads {threads} --shard {wildcards.shard} --shards {wildcards.shards} {params.options:q} >> {log:q} 2>&1"


# Nothing needs it: it is made where it is asked for.
rule export_model:
    input:
        script=script("export_model"),
        model=of_job(Plan.model_file),
    output:
        network="results/{dataset}/{model}/model.onnx",
    log:
        "results/{dataset}/logs/export_model.{model}.log",
    benchmark:
        "results/{dataset}/benchmarks/export_model.{model}.tsv"
    wildcard_constraints:
        model=OWN_MODELS,
    conda:
        ENVIRONMENT
    threads: PLAN.compute["gpu_job_threads"]
    resources:
        mem_mb=asked(memory_requests.export_model),
        runtime=60,
    params:
        *code("export_model"),
        options=options("export"),
    shell:
        "python {input.script:q} --model {input.model:q} --output {output.network:q} --threads {threads} {params.options:q} >> {log:q} 2>&1"


rule inspect_model:
    input:
        script=script("inspect_model"),
        manifest="results/{dataset}/manifest.csv",
        summary="results/{dataset}/dataset.json",
        pictures="results/{dataset}/pictures.h5",
        model=of_job(Plan.model_file),
    output:
        inspection="results/{dataset}/{model}/inspection.h5",
    log:
        "results/{dataset}/logs/inspect_model.{model}.log",
    benchmark:
        "results/{dataset}/benchmarks/inspect_model.{model}.tsv"
    conda:
        ENVIRONMENT
    threads: PLAN.compute["gpu_job_threads"]
    resources:
        mem_mb=asked(memory_requests.inspect_model),
        runtime=30,
        gpu=GPUS,
    params:
        *code("inspect_model"),
        root=of_job(Plan.root),
        device=DEVICE,
        options=options("inspect"),
    shell:
        "python {input.script:q} --manifest {input.manifest:q} --summary {input.summary:q} --root {params.root:q} --packed {input.pictures:q} "
        "--model {input.model:q} --name {wildcards.model:q} --output {output.inspection:q} --device {params.device} "
        "--threads {threads} {params.options:q} >> {log:q} 2>&1"


rule merge_features:
    input:
        script=script("merge_features"),
        shards=of_job(Plan.shard_files),
    output:
        features="results/{dataset}/{model}/features.h5",
    log:
        "results/{dataset}/logs/merge_features.{model}.log",
    benchmark:
        "results/{dataset}/benchmarks/merge_features.{model}.tsv"
    wildcard_constraints:
        model=OWN_MODELS,
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=asked(memory_requests.merge_features),
        runtime=60,
    params:
        *code("merge_features"),
    shell:
        "python {input.script:q} --shards {input.shards:q} --output {output.features:q} --threads {threads} >> {log:q} 2>&1"


# Features made by another program, named in the data set's `features`.
rule import_features:
    input:
        script=script("import_features"),
        manifest="results/{dataset}/manifest.csv",
        made=of_job(Plan.imported_features),
    output:
        features="results/{dataset}/{model}/features.h5",
    log:
        "results/{dataset}/logs/import_features.{model}.log",
    benchmark:
        "results/{dataset}/benchmarks/import_features.{model}.tsv"
    wildcard_constraints:
        model=any_of(PLAN.imported),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=asked(memory_requests.import_features),
        runtime=60,
    params:
        *code("import_features"),
    shell:
        "python {input.script:q} --features {input.made:q} --manifest {input.manifest:q} --dataset {wildcards.dataset:q} "
        "--name {wildcards.model:q} --output {output.features:q} --threads {threads} >> {log:q} 2>&1"
