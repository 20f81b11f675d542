/** Metrics for Prometheus, collected on request, so that they cost a verification next to nothing. */
import type { Registry } from "prom-client";
import type { Authority } from "../rules/authority.ts";
import { StoreUnreachable } from "../store/store.ts";
import type { EventStream } from "./events.ts";
import type { VerifyEndpoint } from "./verify-endpoint.ts";

export interface MetricsDeps {
	authority: Authority;
	verifyEndpoint: VerifyEndpoint;
	events: EventStream;
	/** Further values. Those whose names end in `_total` only grow. */
	measures?: readonly Measure[];
}

export interface Measure {
	name: string;
	help: string;
	read: () => number;
}

/** None while a shared server can't reach its database, which must not keep its other figures back. */
async function countsOf({ tokens }: Authority): Promise<Map<string, number>> {
	try {
		return await tokens.countByStatus();
	} catch (error) {
		if (error instanceof StoreUnreachable) return new Map();
		throw error;
	}
}

/** prom-client's placeholders for the event loop's lag before the first measurement and right after a scrape. */
const unmeasured = /^nodejs_eventloop_lag_\w+ (?:Nan|9223372036\.\d+)\n/gm;

export class Metrics {
	readonly #deps: MetricsDeps;
	/** API requests by method, route and status. */
	readonly #requests = new Map<string, number>();
	#registry: Registry | undefined;

	constructor(deps: MetricsDeps) {
		this.#deps = deps;
	}

	countRequest(method: string, path: string, status: number): void {
		const key = `${method} ${path} ${status}`;
		this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1);
	}

	async text(): Promise<{ type: string; text: string }> {
		this.#registry ??= await this.#register();
		return {
			type: this.#registry.contentType,
			text: (await this.#registry.metrics()).replace(unmeasured, ""),
		};
	}

	/** Loads the library on first use: most daemons are never scraped. */
	async #register(): Promise<Registry> {
		const { default: prometheus } = await import("prom-client");
		const { Counter, collectDefaultMetrics, Gauge, Registry } = prometheus;
		const registry = new Registry();
		const registers = [registry];
		const { authority, verifyEndpoint, events, measures = [] } = this.#deps;
		const requests = this.#requests;
		collectDefaultMetrics({ register: registry });
		new Counter({
			name: "tokensmith_verifications_total",
			help: "Verifications at /v1/verify, by their outcome",
			labelNames: ["outcome"],
			registers,
			collect() {
				this.reset();
				for (const [outcome, count] of verifyEndpoint.outcomes) this.inc({ outcome }, count);
			},
		});
		new Counter({
			name: "tokensmith_requests_total",
			help: "API requests, by method, route and status",
			labelNames: ["method", "route", "status"],
			registers,
			collect() {
				this.reset();
				for (const [key, count] of requests) {
					const [method = "", path = "", status = ""] = key.split(" ");
					this.inc({ method, route: path, status }, count);
				}
			},
		});
		new Gauge({
			name: "tokensmith_tokens",
			help: "Tokens, by their status",
			labelNames: ["status"],
			registers,
			async collect() {
				const counts = await countsOf(authority);
				this.reset();
				for (const [status, count] of counts) this.set({ status }, count);
			},
		});
		new Gauge({
			name: "tokensmith_listeners",
			help: "Open event streams",
			registers,
			collect() {
				this.set(events.listeners);
			},
		});
		for (const { name, help, read } of measures) {
			if (name.endsWith("_total")) {
				new Counter({
					name,
					help,
					registers,
					collect() {
						this.reset();
						this.inc(read());
					},
				});
			} else {
				new Gauge({
					name,
					help,
					registers,
					collect() {
						this.set(read());
					},
				});
			}
		}
		return registry;
	}
}
