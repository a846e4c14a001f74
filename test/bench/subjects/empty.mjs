// What Node itself costs: next to nothing in an ES module.
process.exitCode = 0;
