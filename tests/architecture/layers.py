"""Puts every module into a layer; a module imports only from its own layer and those below it."""

# The layers of each package, from the top down. An entry covers its submodules as well.
LAYERS = {
    "api": [
        ["api.__main__"],
        ["api.process"],
        ["api.bounded_headers"],
        ["api.main"],
        ["api.routes.quick_reads"],
        ["api.routes", "api.debugging"],
        ["api.health.summary"],
        [
            "api.answering",
            "api.health.readiness",
            "api.requests.batch",
            "api.requests.upload",
        ],
        ["api.openapi.document", "api.requests.unknown_fields"],
        [
            "api.openapi.examples",
            "api.openapi.headers",
            "api.openapi.info",
            "api.openapi.problems",
            "api.openapi.reference",
            "api.openapi.webhooks",
        ],
        ["api.openapi.schemas", "api.openapi.streams"],
        ["api.openapi", "api.front"],
        [
            "api.access",
            "api.submission.submissions",
            "api.telling.many",
            "api.telling.streams",
            "api.errors",
        ],
        ["api.submission"],
        ["api.telling.waiting"],
        ["api.telling.expectation", "api.telling.reading", "api.telling.watch", "api.telling"],
        ["api.admission", "api.backpressure.quotas", "api.draining"],
        [
            "api.backpressure",
            "api.job_views",
            "api.serving",
            "api.metrics.front",
            "api.requests.context",
            "api.requests.untraced",
        ],
        ["api.metrics.callbacks", "api.metrics.queues", "api.metrics.requests"],
        [
            "api.health",
            "api.metrics",
            "api.requests",
            "api.requests.explanations",
            "api.requests.field_walk",
            "api.requests.listing",
            "api.turns",
        ],
    ],
    "worker": [
        ["worker.__main__", "worker.cli.main"],
        ["worker.cli.commands"],
        [
            "worker.cli.doctor",
            "worker.cli.extract",
            "worker.cli.items",
            "worker.cli.models",
            "worker.cli.processes",
        ],
        ["worker.cli.remote.jobs", "worker.cli.remote.submit"],
        ["worker.cli.remote.batch"],
        ["worker.cli.remote.service", "worker.cli.remote"],
        ["worker.cli.extraction.results"],
        [
            "worker.cli.extraction.comparison",
            "worker.cli.extraction.progress",
            "worker.cli.extraction.selection",
        ],
        ["worker.cli.options", "worker.cli.stderr", "worker.cli"],
        ["worker.cli.diagnosis"],
        ["worker.cli.quality.page", "worker.cli.quality.tables"],
        ["worker.cli.quality.report"],
        [
            "worker.cli.quality.drawing",
            "worker.cli.quality.reliability",
            "worker.cli.quality",
        ],
        ["worker.cli.quality.scoring"],
        ["worker.cli.quality.matching"],
        ["worker.cli.quality.truth", "worker.cli.whole_files"],
        ["worker.main", "worker.cli.extraction.files"],
        ["worker.assembly"],
        ["worker.features.components", "worker.health.probes", "worker.jobs.queues"],
        ["worker.callbacks.periodic", "worker.reconciliation"],
        ["worker.callbacks.delivering"],
        [
            "worker.jobs.consumer",
            "worker.jobs.heartbeat",
            "worker.jobs.cancellations",
        ],
        ["worker.jobs.claiming", "worker.jobs.execution"],
        ["worker.jobs.endings", "worker.jobs.storing"],
        ["worker.telemetry.signals"],
        ["worker.telemetry.metrics"],
        [
            "worker.telemetry.callback_metrics",
            "worker.telemetry.job_metrics",
            "worker.telemetry.job_tracing",
            "worker.jobs.persistence",
            "worker.jobs.reports",
            "worker.health.pulse",
        ],
        ["worker.callbacks.sending"],
        ["worker.callbacks"],
        ["worker.telemetry.state"],
        ["worker.features.runners", "worker.jobs.running_jobs"],
        [
            "worker.features.recognition",
            "worker.features.item_models",
            "worker.features.child_reports",
        ],
        ["worker.features.rounds"],
        ["worker.features.time_limit"],
        ["worker.features.recognition_child"],
        ["worker.pipeline"],
        ["worker.features", "worker.health", "worker.jobs", "worker.telemetry"],
    ],
    "shared": [
        ["shared.local", "shared.process.start"],
        ["shared.pytest_plugin"],
        ["shared.terminal_tables", "shared.client", "shared.client.expectations"],
        ["shared.client.async_client", "shared.client.sync_client"],
        ["shared.client.many"],
        [
            "shared.client.awaiting",
            "shared.client.callbacks",
            "shared.client.caller",
            "shared.client.listening",
            "shared.client.validation",
        ],
        ["shared.client.calls.submissions", "shared.client.retries"],
        ["shared.client.calls.receipts"],
        ["shared.client.calls"],
        ["shared.client.calls.options"],
        ["shared.client.http"],
        ["shared.client.connections", "shared.client.traces"],
        ["shared.dependencies", "shared.telemetry.log_export"],
        [
            "shared.store.schema",
            "shared.store.upgrading",
            "shared.process.background",
            "shared.telemetry.logs",
            "shared.telemetry.tracing",
        ],
        ["shared.telemetry.exporter_warnings"],
        ["shared.wire.broker", "shared.wire.messenger", "shared.wire.taking"],
        ["shared.wire.publishing", "shared.wire.removal"],
        ["shared.wire.connections"],
        ["shared.wire.messages"],
        ["shared.store.hot.storing"],
        ["shared.store.hot"],
        [
            "shared.store.callbacks",
            "shared.store.transitions",
            "shared.store.jobs",
            "shared.store.figures",
            "shared.store.queue_stats",
            "shared.store.states",
            "shared.store.retention",
        ],
        [
            "shared.store.lists",
            "shared.store.publication",
            "shared.store.postgres.read_only",
            "shared.store.postgres.server",
            "shared.store.workers",
        ],
        ["shared.store.migrations"],
        ["shared.store.models", "shared.store.postgres.database"],
        [
            "shared.store.postgres.database_metrics",
            "shared.store.postgres.direct",
            "shared.store.postgres.rollback",
        ],
        ["shared.store.postgres.connecting"],
        ["shared.store.postgres.limits"],
        ["shared.telemetry.metrics"],
        [
            "shared.settings",
            "shared.telemetry.trace_context",
            "shared.images",
            "shared.version",
        ],
        [
            "shared.pipeline_settings",
            "shared.store.postgres.database_settings",
            "shared.wire.redis_url",
        ],
        ["shared.store.postgres.database_url"],
        ["shared.contracts", "shared.access", "shared.callback_urls", "shared.server_urls"],
        [
            "shared.rejections",
            "shared.store.conversion",
            "shared.store.postgres.answers",
            "shared.store.postgres.sqlstates",
            "shared.store.retry_policy",
            "shared.client.errors",
            "shared.process.ending",
            "shared.process.listening",
        ],
        [
            "shared.errors",
            "shared.process.batching",
            "shared.process.event_loop",
            "shared.process.garbage",
            "shared.process.library_threads",
            "shared.process.opt_outs",
            "shared.process.parent_death",
            "shared.process.patience",
        ],
        ["shared.process", "shared.store", "shared.telemetry", "shared.wire"],
    ],
}


def may_import(name: str, imported: str) -> bool:
    """Whether a module may import another one of ours: it has to be in `shared`, or in the same
    package and not in a higher layer."""
    package, other = name.partition(".")[0], imported.partition(".")[0]
    if other != package:
        return other == "shared"
    own, below = layer(name), layer(imported)
    return own is None or below is None or below >= own


def layer(name: str) -> int | None:
    """Return the number of a module's layer, counted from the top, or None if it has none. The
    most specific entry decides."""
    places = {
        entry: number
        for number, entries in enumerate(LAYERS[name.partition(".")[0]])
        for entry in entries
        if name == entry or name.startswith(entry + ".")
    }
    return places[max(places, key=len)] if places else None
