/** What runs in the hostile page. The program sends it to the browser as text. */

/** Looks at the URL in every way that a page has. Returns what it observed, without any time. */
export async function watchPort(url) {
	const reports = [];
	new ReportingObserver(
		(list) => {
			for (const report of list) reports.push(JSON.stringify(report.toJSON()));
		},
		{ buffered: true },
	).observe();
	addEventListener("securitypolicyviolation", (event) => reports.push(`csp ${event.violatedDirective}`));

	/** How long a way may take before it is counted as unanswered. */
	const patience = 4000;
	const within = (work) =>
		Promise.race([work, new Promise((resolve) => setTimeout(resolve, patience, "no answer"))]);
	const nameOf = (error) => error.name;
	const attempt = (read) => {
		try {
			return String(read());
		} catch (error) {
			return nameOf(error);
		}
	};

	/** The first event of an element, and what can be seen of it and of its frame then. */
	const element = (tag, attributes) =>
		within(
			new Promise((resolve) => {
				const made = document.createElement(tag);
				for (const event of ["load", "error", "loadeddata", "stalled", "abort", "suspend"])
					made.addEventListener(event, () => {
						const frame = made.contentWindow ?? undefined;
						const size = `${made.clientWidth}x${made.clientHeight}`;
						const inside = [
							attempt(() => frame?.length),
							attempt(() => frame?.location.href),
							attempt(() => made.contentDocument === null),
							attempt(() => frame?.origin),
						];
						resolve([event, size, ...inside].join(" "));
					});
				for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
				document.body.append(made);
			}),
		);
	const requested = (init) =>
		within(
			fetch(url, init).then(
				({ type, status }) => `${type} ${status}`,
				(error) => `${nameOf(error)} ${error.message}`,
			),
		);
	const emitter = (made, events) =>
		within(
			new Promise((resolve) => {
				for (const name of events)
					made.addEventListener(name, (event) => {
						const { code, reason, wasClean } = event;
						made.close?.();
						resolve([name, code, reason, wasClean].join(" "));
					});
			}),
		);
	const form = (method) => {
		const frame = document.createElement("iframe");
		frame.name = `target-${method}`;
		document.body.append(frame);
		const made = document.createElement("form");
		Object.assign(made, { method, action: url, target: frame.name });
		document.body.append(made);
		const answered = new Promise((resolve) => {
			frame.addEventListener("load", () =>
				resolve(
					[attempt(() => frame.contentWindow?.length), attempt(() => frame.contentDocument === null)].join(
						" ",
					),
				),
			);
		});
		made.submit();
		return within(answered);
	};
	const xhr = () => {
		const request = new XMLHttpRequest();
		request.open("GET", url);
		const answered = emitter(request, ["load", "error", "abort", "timeout"]);
		request.send();
		return answered.then((seen) => `${seen} ${request.status} ${request.readyState}`);
	};
	const imported = () =>
		within(
			import(url).then(
				() => "imported",
				(error) => nameOf(error),
			),
		);

	const ways = {
		frame: () => element("iframe", { src: url }),
		"sandboxed frame": () => element("iframe", { src: url, sandbox: "allow-scripts" }),
		"credentialless frame": () => element("iframe", { src: url, credentialless: "" }),
		object: () => element("object", { data: url }),
		"object of a type": () => element("object", { data: url, type: "text/html" }),
		embed: () => element("embed", { src: url }),
		script: () => element("script", { src: url }),
		"module script": () => element("script", { src: url, type: "module" }),
		image: () => element("img", { src: url }),
		"image of any origin": () => element("img", { src: url, crossorigin: "anonymous" }),
		video: () => element("video", { src: url, preload: "auto" }),
		audio: () => element("audio", { src: url, preload: "auto" }),
		style: () => element("link", { href: url, rel: "stylesheet" }),
		preload: () => element("link", { href: url, rel: "preload", as: "fetch" }),
		prefetch: () => element("link", { href: url, rel: "prefetch" }),
		manifest: () => element("link", { href: url, rel: "manifest" }),
		"no-cors fetch": () => requested({ mode: "no-cors" }),
		"no-cors post": () => requested({ mode: "no-cors", method: "POST", body: "x" }),
		"no-cors fetch with credentials": () => requested({ mode: "no-cors", credentials: "include" }),
		"manual redirect": () => requested({ mode: "no-cors", redirect: "manual" }),
		"cors fetch": () => requested({ mode: "cors" }),
		"preflighted fetch": () => requested({ mode: "cors", headers: { authorization: "Bearer x" } }),
		"kept-alive fetch": () => requested({ mode: "no-cors", keepalive: true }),
		xhr,
		"event source": () => emitter(new EventSource(url), ["open", "message", "error"]),
		"web socket": () => emitter(new WebSocket(url.replace("http", "ws")), ["open", "close"]),
		beacon: async () => String(navigator.sendBeacon(url, "x")),
		import: imported,
		font: () =>
			within(
				new FontFace("f", `url(${url})`).load().then(
					() => "loaded",
					(error) => nameOf(error),
				),
			),
		"form by get": () => form("get"),
		"form by post": () => form("post"),
	};
	const seen = {};
	for (const [name, look] of Object.entries(ways)) {
		performance.clearResourceTimings();
		const observed = await look().catch(nameOf);
		// Measured later than the event, and no event tells that nothing was.
		await new Promise((resolve) => setTimeout(resolve, 100));
		const measured = performance.getEntriesByType("resource").map((entry) => {
			const { duration: _, startTime: __, navigationId: ___, name: ____, ...facts } = entry.toJSON();
			// Of times, only whether there is one.
			const shown = Object.entries(facts).map(([fact, value]) =>
				/(Start|End|Time)$/.test(fact) ? `${fact}=${value === 0 ? 0 : "t"}` : `${fact}=${value}`,
			);
			return shown.join(",");
		});
		seen[name] = [observed, ...measured].join(" | ");
	}
	seen.history = String(history.length);
	seen.reports = reports.join(", ");
	return seen;
}
