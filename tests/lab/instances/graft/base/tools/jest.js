// Runs the tests below test/ and prints them as jest does. An error in a file fails the run, not the other files.
const fs = require("fs");
const path = require("path");

const tests = [];
const counts = { failed: 0, passed: 0 };
let suite = "";
global.describe = (name, body) => { suite = name; body(); suite = ""; };
global.test = (name, body) => tests.push({ suite, name, body });

async function main() {
  const dir = path.join(__dirname, "..", "test");
  for (const file of fs.readdirSync(dir).filter((name) => name.endsWith(".test.js")).sort()) {
    tests.length = 0;
    console.log(`RUN test/${file}`);
    try {
      require(path.join(dir, file));
    } catch (error) {
      console.log(`  Test suite failed to run: ${error.message}`);
      process.exitCode = 1;
    }
    for (const { suite, name, body } of tests) {
      try {
        await body();
        counts.passed += 1;
        console.log(`    ✓ ${name} (1 ms)`);
      } catch (error) {
        counts.failed += 1;
        console.log(`    ✕ ${name} (1 ms)`);
        console.log(`      ${suite}: ${error.message.split("\n")[0]}`);
        process.exitCode = 1;
      }
    }
  }
  const told = Object.entries(counts).filter(([, n]) => n).map(([word, n]) => `${n} ${word}, `);
  console.log(`\nTests:       ${told.join("")}${counts.failed + counts.passed} total`);
}

main();
