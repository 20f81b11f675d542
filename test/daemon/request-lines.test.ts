/** What the log holds of requests, however many are refused. */
import assert from "node:assert/strict";
import { RequestLines } from "../../daemon/server/request-lines.ts";
import { until } from "./harness.ts";

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
});
