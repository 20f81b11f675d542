/** What the log holds of requests, however many are refused. */
import assert from "node:assert/strict";
import { RequestLines } from "../../daemon/server/request-lines.ts";
import { TestDaemon, until } from "./harness.ts";

describe("the log's lines of requests", () => {
	function linesOf(): { lines: RequestLines; written: { facts: object; message: string }[] } {
		const written: { facts: object; message: string }[] = [];
		const write = (facts: object, message: string) => void written.push({ facts, message });
		return { lines: new RequestLines({ info: write, error: write }), written };
	}
	const requestOf = (status: number) => ({ request: "1", method: "POST", route: "/v1/api-tokens", status });

	it("have every change, and of refused requests twenty a second and the number of the others", async () => {
		const { lines, written } = linesOf();
		for (let count = 0; count < 1000; count++) {
			lines.answered(requestOf(count % 2 === 0 ? 201 : 401));
		}
		const statuses = written.map(({ facts }) => (facts as { status: number }).status);
		assert.equal(statuses.filter((status) => status === 201).length, 500);
		assert.equal(statuses.filter((status) => status === 401).length, 20);
		await until(() => written.length > 520);
		assert.deepEqual(written.at(-1), { facts: { leftOut: 480 }, message: "refused requests are not listed" });
		lines.answered(requestOf(401));
		assert.deepEqual(written.at(-1)?.facts, requestOf(401), "the next second has lines of its own");
	});

	it("have a bounded number of failures too", () => {
		const { lines, written } = linesOf();
		for (let count = 0; count < 100; count++) lines.failed({ err: new Error("disk") });
		assert.equal(written.length, 20);
	});

	it("tell of a change and of a refused one what was asked for, and nothing of reads", async () => {
		const daemon = await TestDaemon.start();
		try {
			const { id } = await daemon.create();
			for (const method of ["GET", "HEAD"]) await daemon.call(method, `/v1/api-tokens/${id}?x=y`);
			await daemon.call("DELETE", `/v1/api-tokens/${id}`);
			const refused = await daemon.call("POST", "/v1/api-tokens", { secret: "tks_wrong", body: {} });
			const facts = daemon.logged as { method: string; route: string; status: number; request: string }[];
			assert.deepEqual(
				facts.map(({ method, route, status }) => [method, route, status]),
				[
					["POST", "/v1/api-tokens", 201],
					["DELETE", "/v1/api-tokens/{id}", 200],
					["POST", "/v1/api-tokens", 401],
				],
			);
			assert.equal(`urn:uuid:${facts[2]?.request}`, refused.body.instance, "by which a user finds the line");
		} finally {
			await daemon.remove();
		}
	});
});
