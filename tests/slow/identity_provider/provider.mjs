// A certified identity provider for tests: says where it listens, is told its client, and signs in whoever the browser
// says it is (header x-person): what is tested is the other side.
import { generateKeyPairSync } from 'node:crypto';
import http from 'node:http';
import readline from 'node:readline';
import Provider from 'oidc-provider';

const server = http.createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const lines = readline.createInterface({ input: process.stdin });
  lines.once('line', (line) => serve(issuer, JSON.parse(line)));
  lines.on('close', () => process.exit(0));
  console.log(issuer);
});

function serve(issuer, client) {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const provider = new Provider(issuer, {
    clients: [client],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' }] },
    cookies: { keys: ['of this test alone'] },
    acrValues: ['mfa'],
    // it asks nothing of the addresses of this machine by itself, and everything here is on this machine
    fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
    claims: { openid: ['sub', 'acr', 'amr', 'auth_time', 'sid'], profile: ['preferred_username'] },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, preferred_username: `name-of-${id}` }) }),
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({
        clientId: ctx.oidc.client.clientId,
        accountId: ctx.oidc.session.accountId,
      });
      grant.addOIDCScope('openid profile');
      await grant.save();
      return grant;
    },
  });
  const answer = provider.callback();
  server.on('request', async (req, res) => {
    if (!req.url.startsWith('/interaction/')) return answer(req, res);
    const methods = req.headers['x-methods'] ? req.headers['x-methods'].split(' ') : ['pwd'];
    const login = { accountId: req.headers['x-person'], acr: req.headers['x-acr'], amr: methods };
    return provider.interactionFinished(req, res, { login });
  });
  console.log("ready");
}
