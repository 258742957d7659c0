// The official client of CasparCG for node against the sandbox's server. Arguments: port, layer, data as JSON, and the
// folder in which the client is installed. Prints what the server answered, as the client understood it.

const { createRequire } = require("node:module");
const [port, layer, data, folder] = process.argv.slice(2);
const { CasparCG } = createRequire(`${folder}/package.json`)("casparcg-connection");

async function main() {
  const server = new CasparCG({ host: "127.0.0.1", port: Number(port), autoConnect: true });
  await new Promise((resolve, reject) => {
    server.once("connect", resolve);
    server.once("error", reject);
    setTimeout(() => reject(new Error("not connected")), 5000).unref();
  });
  const at = { channel: 1, layer: Number(layer) };
  const said = {};
  const ask = async (name, asked) => {
    const { error, request } = await asked;
    if (error) throw error;
    const reply = await request;
    said[name] = { code: reply.responseCode, type: reply.type, data: reply.data };
  };
  await ask("version", server.version({}));
  await ask("info", server.info({}));
  await ask("unknown template", server.cgAdd({ ...at, cgLayer: 0, playOnLoad: true, template: "no/such", data: {} }));
  const template = "huijia/alert";
  await ask("add", server.cgAdd({ ...at, cgLayer: 0, playOnLoad: true, template, data: JSON.parse(data) }));
  await ask("channel", server.infoChannel({ channel: 1 }));
  await ask("update", server.cgUpdate({ ...at, cgLayer: 0, data: JSON.parse(data) }));
  await ask("stop", server.cgStop({ ...at, cgLayer: 0 }));
  await ask("clear", server.clear(at));
  await ask("stop of nothing", server.cgStop({ ...at, cgLayer: 0 }));
  server.disconnect();
  console.log(JSON.stringify(said));
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
