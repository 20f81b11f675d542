/** A shared server that answers changes without waiting for the others: the history checker has to notice it. */
Object.assign(globalThis, { tokensmithVersion: "without-barrier" });
const { serve } = await import("../../daemon/server-main.ts");
await serve(process.argv.slice(3), { hasBarrier: false });
