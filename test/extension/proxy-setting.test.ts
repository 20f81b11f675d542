import assert from "node:assert/strict";
import { proxyOf } from "../../extension/connections/proxy.ts";

describe("the proxy for calls to other systems", () => {
	const of = (settings: Record<string, unknown>) =>
		proxyOf((name) => ({ globalValue: settings[name], workspaceValue: "http://hostile.example" }));

	it("is that of the user's settings, with the hosts that need none", () => {
		assert.deepEqual(of({ proxy: "http://proxy.example:3128", noProxy: ["intern.example", ""] }), {
			url: "http://proxy.example:3128",
			noProxy: ["intern.example"],
		});
	});

	it("comes with the value of its own header, if the settings have one", () => {
		const proxy = "http://proxy.example:3128";
		const authorization = (proxyAuthorization: unknown) => of({ proxy, proxyAuthorization })?.authorization;
		assert.equal(authorization(" Basic YWRhOng= "), "Basic YWRhOng=");
		for (const none of [undefined, null, "", " ", 7, "Basic x\r\nHost: y"])
			assert.equal(authorization(none), undefined);
	});

	it("is none when the settings turn it off, name none, or name no proxy for HTTP", () => {
		assert.equal(of({}), null);
		assert.equal(of({ proxy: "" }), null);
		assert.equal(of({ proxy: 7 }), null);
		assert.equal(of({ proxy: "socks5://proxy.example" }), null);
		assert.equal(of({ proxy: "http://proxy.example", proxySupport: "off" }), null);
	});

	it("is never one that a workspace names", () => {
		assert.equal(of({ noProxy: [] }), null);
	});

	it("takes a default value where the user has set none", () => {
		const defaults: Record<string, unknown> = { proxy: "", proxySupport: "override", noProxy: [] };
		assert.equal(
			proxyOf((name) => ({ defaultValue: defaults[name] })),
			null,
		);
	});
});
