/** `npm run pictures`: runs the tests that take pictures, and keeps these in media/. */
process.env.TOKENSMITH_SCREENSHOTS = "yes";
process.argv.splice(
	2,
	Number.POSITIVE_INFINITY,
	...["readme-picture", "screenshots", "overview"].map((name) => `test/workbench/${name}.test.ts`),
);
await import("./run.ts");
