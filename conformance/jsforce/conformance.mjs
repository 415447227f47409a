// Drives a simulated org with jsforce, as an application would drive Salesforce.
// Usage: node conformance.mjs http://127.0.0.1:PORT

import assert from 'node:assert/strict';
import { createSign, generateKeyPairSync } from 'node:crypto';
import jsforce from 'jsforce';

const URL_OF_ORG = process.argv[2];
if (!URL_OF_ORG) {
  console.error('usage: node conformance.mjs URL');
  process.exit(2);
}
const VERSION = '66.0';
const APP = { clientId: 'matchbook-demo', clientSecret: 'matchbook-demo' };
const REDIRECT = 'http://localhost:1717/OauthRedirect';

const checks = [];
const check = (name, run) => checks.push({ name, run });

/** A request to the simulator's own control interface. */
async function control(method, path, body) {
  const response = await fetch(`${URL_OF_ORG}/_sim/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} _sim/${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

const oauth2 = (more = {}) => ({ loginUrl: URL_OF_ORG, ...APP, redirectUri: REDIRECT, ...more });

async function connect(version = VERSION) {
  const conn = new jsforce.Connection({ oauth2: { loginUrl: URL_OF_ORG, ...APP }, version });
  await conn.authorize({ grant_type: 'client_credentials' });
  return conn;
}

/** Consents on the page that the authorization URL shows; answers the code of the redirect. */
async function consent(authorizationUrl) {
  const page = await fetch(authorizationUrl);
  assert.equal(page.status, 200, await page.text());
  const form = new URL(authorizationUrl).searchParams;
  form.set('decision', 'allow');
  const response = await fetch(`${URL_OF_ORG}/services/oauth2/authorize`, {
    method: 'POST',
    body: form,
    redirect: 'manual',
  });
  const location = new URL(response.headers.get('location'));
  assert.equal(location.searchParams.get('state'), form.get('state'));
  return location.searchParams.get('code');
}

async function fails(promise, errorCode, message) {
  const error = await promise.then(
    (value) => assert.fail(`expected ${errorCode}, got ${JSON.stringify(value)}`),
    (reason) => reason,
  );
  assert.equal(error.errorCode ?? error.name, errorCode, error.stack);
  if (message instanceof RegExp) assert.match(error.message, message);
  else if (message !== undefined) assert.equal(error.message, message);
  return error;
}

// Signing in

check('client credentials sign in', async () => {
  const conn = await connect();
  assert.equal(conn.instanceUrl, URL_OF_ORG);
  assert.match(conn.accessToken, /^00D[0-9A-Za-z]{12}!/);
  assert.match(conn.userInfo.id, /^005[0-9A-Za-z]{15}$/);
  assert.match(conn.userInfo.organizationId, /^00D[0-9A-Za-z]{15}$/);
});

check('a wrong secret is refused', async () => {
  const conn = new jsforce.Connection({ oauth2: { loginUrl: URL_OF_ORG, ...APP, clientSecret: 'no' } });
  await fails(conn.authorize({ grant_type: 'client_credentials' }), 'invalid_client', 'invalid client credentials');
});

check('an unknown client is refused', async () => {
  const conn = new jsforce.Connection({ oauth2: { loginUrl: URL_OF_ORG, clientId: 'no', clientSecret: 'no' } });
  await fails(conn.authorize({ grant_type: 'client_credentials' }), 'invalid_client_id', 'client identifier invalid');
});

check('code with PKCE signs in, and the refresh token refreshes', async () => {
  const conn = new jsforce.Connection({ version: VERSION, oauth2: oauth2({ useVerifier: true }) });
  const url = conn.oauth2.getAuthorizationUrl({ scope: 'api refresh_token', state: 'a&b' });
  const code = await consent(url);
  const user = await conn.authorize(code);
  assert.match(user.id, /^005/);
  assert.ok(conn.refreshToken, 'the scope asked for a refresh token');
  const first = conn.accessToken;
  const refreshed = await conn.oauth2.refreshToken(conn.refreshToken);
  assert.notEqual(refreshed.access_token, first);
  assert.equal(refreshed.refresh_token, undefined, 'without rotation no new refresh token comes');
  assert.equal(refreshed.expires_in, undefined);
});

check('a code cannot be used twice', async () => {
  const conn = new jsforce.Connection({ oauth2: oauth2() });
  const code = await consent(conn.oauth2.getAuthorizationUrl({ scope: 'api', state: 's' }));
  await conn.oauth2.requestToken(code);
  await fails(conn.oauth2.requestToken(code), 'invalid_grant');
});

check('a code with a challenge is refused to another verifier', async () => {
  const asked = new jsforce.OAuth2(oauth2({ useVerifier: true }));
  const code = await consent(asked.getAuthorizationUrl({ scope: 'api', state: 's' }));
  const other = new jsforce.OAuth2(oauth2({ useVerifier: true }));
  await fails(other.requestToken(code), 'invalid_request');
});

check('a dead refresh token is refused', async () => {
  await fails(new jsforce.OAuth2(oauth2()).refreshToken('dead'), 'invalid_grant', 'expired access/refresh token');
});

check('the username-password grant is refused', async () => {
  await fails(
    new jsforce.OAuth2(oauth2()).authenticate('dana.ito@northwind.example', 'secret'),
    'unsupported_grant_type',
    'grant type not supported',
  );
});

check('SOAP login is refused', async () => {
  const conn = new jsforce.Connection({ loginUrl: URL_OF_ORG, version: VERSION });
  await assert.rejects(conn.loginBySoap('dana.ito@northwind.example', 'secret'));
});

check('a signed JWT signs in as its subject', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await control('POST', 'apps', {
    client_id: 'jwt-app',
    public_key: publicKey.export({ type: 'spki', format: 'pem' }),
  });
  const part = (json) => Buffer.from(JSON.stringify(json)).toString('base64url');
  const claims = {
    iss: 'jwt-app',
    sub: 'dana.ito@northwind.example',
    aud: 'https://login.salesforce.com',
    exp: Math.floor(Date.now() / 1000) + 120,
  };
  const signed = `${part({ alg: 'RS256' })}.${part(claims)}`;
  const signature = createSign('RSA-SHA256').update(signed).sign(privateKey).toString('base64url');
  const conn = new jsforce.Connection({ loginUrl: URL_OF_ORG, version: VERSION });
  await conn.authorize({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: `${signed}.${signature}`,
  });
  assert.equal((await conn.identity()).username, 'dana.ito@northwind.example');
});

check('identity names the user', async () => {
  const conn = await connect();
  const identity = await conn.identity();
  assert.equal(identity.user_id, conn.userInfo.id);
  assert.equal(identity.organization_id, conn.userInfo.organizationId);
  assert.equal(identity.username, 'integration@northwind.example');
  assert.equal(identity.active, true);
  assert.match(identity.urls.rest, /\/services\/data\/v\{version\}\//);
});

check('userinfo names the user', async () => {
  const conn = await connect();
  const info = await conn.request('/services/oauth2/userinfo');
  assert.equal(info.user_id, conn.userInfo.id);
  assert.equal(info.preferred_username, 'integration@northwind.example');
});

check('an expired session is refreshed once and the call repeated', async () => {
  const conn = new jsforce.Connection({ version: VERSION, oauth2: oauth2() });
  const code = await consent(conn.oauth2.getAuthorizationUrl({ scope: 'api refresh_token', state: 's' }));
  await conn.authorize(code);
  let refreshes = 0;
  conn.on('refresh', () => (refreshes += 1));
  await control('DELETE', 'tokens');
  const [one, two] = await Promise.all([
    conn.query('SELECT Id FROM Account LIMIT 1'),
    conn.query('SELECT Id FROM Contact LIMIT 1'),
  ]);
  assert.deepEqual([one.totalSize, two.totalSize], [1, 1]);
  assert.equal(refreshes, 1);
});

check('an ended grant tells to connect again', async () => {
  const conn = new jsforce.Connection({ version: VERSION, oauth2: oauth2() });
  const code = await consent(conn.oauth2.getAuthorizationUrl({ scope: 'api refresh_token', state: 's' }));
  await conn.authorize(code);
  await control('DELETE', 'tokens?refresh_tokens=true');
  const error = await conn.query('SELECT Id FROM Account').then(assert.fail, (reason) => reason);
  assert.match(error.message, /expired access\/refresh token/);
});

check('revoking ends the session', async () => {
  const conn = await connect();
  const token = conn.accessToken;
  await conn.logout();
  const other = new jsforce.Connection({ instanceUrl: URL_OF_ORG, accessToken: token, version: VERSION });
  await fails(other.query('SELECT Id FROM Account'), 'INVALID_SESSION_ID', 'Session expired or invalid');
});

// Records

check('a record is created, read, changed and deleted', async () => {
  const conn = await connect();
  const created = await conn.sobject('Contact').create({ LastName: 'Sole', Email: 'sole@acme.com' });
  assert.deepEqual({ ...created, id: '' }, { id: '', success: true, errors: [] });
  const read = await conn.sobject('Contact').retrieve(created.id);
  assert.equal(read.attributes.url, `/services/data/v${VERSION}/sobjects/Contact/${created.id}`);
  assert.equal(read.Name, 'Sole');
  assert.equal(read.FirstName, null);
  const updated = await conn.sobject('Contact').update({ Id: created.id, FirstName: 'Ana' });
  assert.equal(updated.success, true);
  assert.equal((await conn.sobject('Contact').retrieve(created.id)).Name, 'Ana Sole');
  assert.equal((await conn.sobject('Contact').destroy(created.id)).success, true);
  await fails(conn.sobject('Contact').destroy(created.id), 'ENTITY_IS_DELETED', 'entity is deleted');
});

check('a record is read and changed by its 15-character id', async () => {
  const conn = await connect();
  const { id } = await conn.sobject('Account').create({ Name: 'Short' });
  const read = await conn.sobject('Account').retrieve(id.slice(0, 15));
  assert.equal(read.Id, id);
});

check('upsert creates, changes, and answers 300 when several match', async () => {
  const conn = await connect();
  const key = 'upsert+one@acme.com';
  const first = await conn.sobject('Contact').upsert({ LastName: 'One', Email: key }, 'Email');
  assert.deepEqual([first.success, first.created], [true, true]);
  const second = await conn.sobject('Contact').upsert({ LastName: 'Two', Email: key }, 'Email');
  assert.deepEqual([second.id, second.created], [first.id, false]);
  await conn.sobject('Contact').create({ LastName: 'Double', Email: key });
  const error = await fails(conn.sobject('Contact').upsert({ LastName: 'Three', Email: key }, 'Email'), 'MULTIPLE_CHOICES');
  assert.equal(error.data.length, 2);
  for (const url of error.data) assert.match(url, /^\/services\/data\/v66\.0\/sobjects\/Contact\/003/);
});

check('upsert by a custom external id creates and changes', async () => {
  await control('POST', 'fields', {
    Contact: [{ name: 'Ext__c', label: 'Ext', type: 'string', length: 40, externalId: true, unique: true }],
  });
  const conn = await connect();
  const created = await conn.sobject('Contact').upsert({ LastName: 'Ext', Ext__c: 'a@b.c' }, 'Ext__c');
  assert.equal(created.created, true);
  const changed = await conn.sobject('Contact').upsert({ LastName: 'Ext2', Ext__c: 'a@b.c' }, 'Ext__c');
  assert.deepEqual([changed.id, changed.created], [created.id, false]);
});

check('upsert by an unknown field is refused', async () => {
  const conn = await connect();
  await fails(
    conn.sobject('Contact').upsert({ LastName: 'X', Namez: 'x' }, 'Namez'),
    'NOT_FOUND',
    'Provided external ID field does not exist or is not accessible: Namez',
  );
});

// Queries

check('autoFetch reads every page', async () => {
  const accounts = Array.from({ length: 4100 }, (_, i) => ({ Name: `Paged ${String(i).padStart(5, '0')}` }));
  await control('POST', 'records', { Account: accounts });
  const conn = await connect();
  const seen = [];
  const soql = "SELECT Id, Name FROM Account WHERE Name LIKE 'Paged %' ORDER BY Name";
  const query = conn.query(soql).on('record', (record) => seen.push(record.Name));
  await query.run({ autoFetch: true, maxFetch: 10000 });
  assert.equal(seen.length, 4100);
  assert.equal(new Set(seen).size, 4100);
  assert.equal(query.totalSize, 4100);
  const first = await conn.query(soql);
  assert.deepEqual([first.records.length, first.done], [2000, false]);
  assert.match(first.nextRecordsUrl, /\/services\/data\/v66\.0\/query\/[0-9A-Za-z]{18}-2000$/);
  const second = await conn.queryMore(first.nextRecordsUrl);
  const third = await conn.queryMore(second.nextRecordsUrl);
  assert.deepEqual([third.records.length, third.done, third.nextRecordsUrl], [100, true, undefined]);
});

check('the page size can be asked for', async () => {
  await control('POST', 'records', { Account: Array.from({ length: 600 }, (_, i) => ({ Name: `Sized ${i}` })) });
  const conn = await connect();
  const page = await conn.query('SELECT Id FROM Account', { headers: { 'Sforce-Query-Options': 'batchSize=500' } });
  assert.equal(page.records.length, 500);
  assert.match(page.nextRecordsUrl, /-500$/);
});

check('an ended cursor is refused', async () => {
  const conn = await connect();
  await fails(conn.queryMore('0r8xx5R2yF2gs3VASQ-2000'), 'INVALID_QUERY_LOCATOR');
});

check('the query builder finds records with parents and children', async () => {
  const conn = await connect();
  const contacts = await conn
    .sobject('Contact')
    .find({ Email: 'alice.chen@acme.com' }, 'Id, Name, Account.Name, Owner.Name')
    .limit(5);
  assert.equal(contacts.length, 1);
  assert.equal(contacts[0].Account.Name, 'Acme');
  assert.equal(contacts[0].Account.attributes.type, 'Account');
  const [acme] = await conn
    .sobject('Account')
    .find({ Name: 'Acme' }, 'Id')
    .include('Contacts')
    .select('LastName')
    .orderby('LastName')
    .end();
  assert.equal(acme.Contacts.totalSize, acme.Contacts.records.length);
  assert.equal(acme.Contacts.records[0].attributes.type, 'Contact');
});

check('the query builder filters by set, comparison, like and null', async () => {
  const conn = await connect();
  const names = async (where) => (await conn.sobject('Account').find(where, 'Name').sort('Name')).map((a) => a.Name);
  assert.deepEqual(await names({ Name: { $in: ['Acme', 'Globex'] } }), ['Acme', 'Globex']);
  assert.deepEqual(await names({ NumberOfEmployees: { $gte: 5000 } }), ['Acme', 'Hooli']);
  assert.deepEqual(await names({ Name: { $like: 'Hooli%' }, ParentId: null }), ['Hooli']);
  assert.deepEqual(await names({ $or: [{ Name: 'Acme' }, { Name: 'Initech' }] }), ['Acme', 'Initech']);
  const since = jsforce.Date.toDateTimeLiteral(new Date('2025-01-01T00:00:00Z'));
  assert.deepEqual(await names({ CreatedDate: { $lt: since }, Name: { $like: '%mbrella%' } }), ['Umbrella Health']);
});

check('counts and groups', async () => {
  const conn = await connect();
  assert.equal(await conn.sobject('Account').count({ Name: { $like: 'Hooli%' } }), 2);
  const { records } = await conn.query(
    "SELECT Account.Name, COUNT(Id) FROM Contact WHERE Account.Name LIKE 'Acme%' GROUP BY Account.Name ORDER BY Account.Name",
  );
  assert.deepEqual(records[0], { attributes: { type: 'AggregateResult' }, Name: 'Acme', expr0: records[0].expr0 });
});

check('queryAll shows what was deleted', async () => {
  const conn = await connect();
  const { id } = await conn.sobject('Account').create({ Name: 'Deleted soon' });
  await conn.sobject('Account').destroy(id);
  const soql = `SELECT Id, IsDeleted FROM Account WHERE Id = '${id}'`;
  assert.equal((await conn.query(soql)).totalSize, 0);
  const all = await conn.query(soql, { scanAll: true });
  assert.equal(all.records[0].IsDeleted, true);
});

check('a wrong query tells where', async () => {
  const conn = await connect();
  await fails(conn.query('SELECT Id, Foo__c FROM Contact'), 'INVALID_FIELD', /ERROR at Row:1:Column:12\nNo such column 'Foo__c' on entity 'Contact'/);
  await fails(conn.query('SELECT Id FROM Contakt'), 'INVALID_TYPE', /sObject type 'Contakt' is not supported/);
  await fails(conn.query('SELECT Id FORM Contact'), 'MALFORMED_QUERY');
});

// Search

check('SOSL finds by email', async () => {
  const conn = await connect();
  const { searchRecords } = await conn.search(
    'FIND {alice.chen@acme.com} IN EMAIL FIELDS RETURNING Contact(Id, Email), Lead(Id)',
  );
  assert.equal(searchRecords.length, 1);
  assert.equal(searchRecords[0].attributes.type, 'Contact');
  assert.equal(searchRecords[0].Email, 'alice.chen@acme.com');
});

check('SOSL that finds nothing answers an empty list', async () => {
  const conn = await connect();
  assert.deepEqual(await conn.search('FIND {Nobodyatall} RETURNING Account'), { searchRecords: [] });
});

check('SOSL without braces is refused', async () => {
  const conn = await connect();
  await fails(
    conn.search('FIND Acme'),
    'MALFORMED_SEARCH',
    'No search term found. The search term must be enclosed in braces.',
  );
});

check('parameterized search finds', async () => {
  const conn = await connect();
  const found = await conn.request(`/services/data/v${VERSION}/parameterizedSearch?q=Globex&sobject=Account&Account.fields=Id,Name`);
  assert.equal(found.searchRecords[0].Name, 'Globex');
});

// What there is

check('describe tells the fields', async () => {
  const conn = await connect();
  const described = await conn.sobject('Event').describe();
  const field = described.fields.find(({ name }) => name === 'WhoId');
  assert.deepEqual(field.referenceTo, ['Contact', 'Lead']);
  assert.equal(field.polymorphicForeignKey, true);
  assert.equal(described.keyPrefix, '00U');
});

check('describe of an unknown object is refused', async () => {
  const conn = await connect();
  await fails(conn.describe('Nonsense__c'), 'NOT_FOUND', 'The requested resource does not exist');
});

check('the global describe lists the objects', async () => {
  const conn = await connect();
  const { encoding, maxBatchSize, sobjects } = await conn.describeGlobal();
  assert.deepEqual([encoding, maxBatchSize], ['UTF-8', 200]);
  assert.equal(sobjects.find(({ name }) => name === 'Contact').keyPrefix, '003');
});

check('recent, updated and deleted answer', async () => {
  const conn = await connect();
  const { id } = await conn.sobject('Account').create({ Name: 'Recent' });
  const gone = await conn.sobject('Account').create({ Name: 'Gone' });
  await conn.sobject('Account').destroy(gone.id);
  // The lists cover whole minutes that are over.
  await control('PATCH', 'settings', { advance_ms: 120_000 });
  const start = new Date(Date.now() - 3600_000);
  const end = new Date(Date.now() + 3600_000);
  const updated = await conn.sobject('Account').updated(start, end);
  assert.ok(updated.ids.includes(id));
  assert.match(updated.latestDateCovered, /\+0000$/);
  const deleted = await conn.sobject('Account').deleted(start, end);
  assert.ok(deleted.deletedRecords.some((record) => record.id === gone.id));
  assert.ok(Array.isArray(await conn.recent()));
});

check('the versions and limits answer', async () => {
  const conn = await connect();
  const versions = await conn.request('/services/data');
  assert.deepEqual(versions[0], { label: "Summer '14", url: '/services/data/v31.0', version: '31.0' });
  const limits = await conn.limits();
  assert.equal(limits.DailyApiRequests.Max, 15000);
  assert.ok(conn.limitInfo.apiUsage.used > 0);
  assert.equal(conn.limitInfo.apiUsage.limit, 15000);
});

check('jsforce at its own default version works', async () => {
  const conn = await connect(new jsforce.Connection({}).version);
  assert.ok((await conn.query('SELECT Id FROM Account LIMIT 1')).totalSize, 1);
});

// Many in one

check('collections create, read, change, upsert and delete', async () => {
  const conn = await connect();
  const created = await conn.sobject('Contact').create([{ LastName: 'C1' }, { FirstName: 'No' }, { LastName: 'C3' }]);
  assert.deepEqual(created.map(({ success }) => success), [true, false, true]);
  const [error] = created[1].errors;
  assert.equal(error.errorCode ?? error.statusCode, 'REQUIRED_FIELD_MISSING');
  assert.equal(error.message, 'Required fields are missing: [LastName]');
  assert.deepEqual(error.fields, ['LastName']);
  const ids = [created[0].id, created[2].id];
  const read = await conn.sobject('Contact').retrieve(ids);
  assert.deepEqual(read.map(({ LastName }) => LastName), ['C1', 'C3']);
  const updated = await conn.sobject('Contact').update(ids.map((Id) => ({ Id, Title: 'Both' })));
  assert.deepEqual(updated.map(({ success }) => success), [true, true]);
  const upserted = await conn.sobject('Contact').upsert(
    [{ Email: 'many1@acme.com', LastName: 'M1' }, { Email: 'many2@acme.com', LastName: 'M2' }],
    'Email',
  );
  assert.deepEqual(upserted.map(({ created: made }) => made), [true, true]);
  const gone = await conn.sobject('Contact').destroy(ids);
  assert.deepEqual(gone.map(({ id, success }) => [id, success]), ids.map((id) => [id, true]));
});

check('allOrNone rolls collections back', async () => {
  const conn = await connect();
  const before = await conn.sobject('Contact').count();
  const rows = await conn.sobject('Contact').create([{ LastName: 'Rolled' }, { FirstName: 'No' }], { allOrNone: true });
  const codes = rows.map(({ errors: [first] }) => first.errorCode ?? first.statusCode);
  assert.deepEqual(codes, ['ALL_OR_NONE_OPERATION_ROLLED_BACK', 'REQUIRED_FIELD_MISSING']);
  assert.equal(await conn.sobject('Contact').count(), before);
});

check('composite refers from one request to the next', async () => {
  const conn = await connect();
  const base = `/services/data/v${VERSION}`;
  const { compositeResponse } = await conn.requestPost(`${base}/composite`, {
    allOrNone: true,
    compositeRequest: [
      { method: 'POST', url: `${base}/sobjects/Account`, referenceId: 'acct', body: { Name: 'Composed' } },
      { method: 'POST', url: `${base}/sobjects/Contact`, referenceId: 'person', body: { LastName: 'C', AccountId: '@{acct.id}' } },
      { method: 'GET', url: `${base}/query?q=SELECT+Name+FROM+Account+WHERE+Id='@{acct.id}'`, referenceId: 'found' },
    ],
  });
  assert.deepEqual(compositeResponse.map(({ httpStatusCode }) => httpStatusCode), [201, 201, 200]);
  assert.equal(compositeResponse[2].body.records[0].Name, 'Composed');
  assert.equal(compositeResponse[0].httpHeaders.Location, `${base}/sobjects/Account/${compositeResponse[0].body.id}`);
});

check('composite batch, tree and graph answer', async () => {
  const conn = await connect();
  const base = `/services/data/v${VERSION}`;
  const batch = await conn.requestPost(`${base}/composite/batch`, {
    batchRequests: [{ method: 'GET', url: `v${VERSION}/limits` }, { method: 'GET', url: `v${VERSION}/sobjects/Nope` }],
  });
  assert.equal(batch.hasErrors, true);
  assert.deepEqual(batch.results.map(({ statusCode }) => statusCode), [200, 404]);
  const tree = await conn.requestPost(`${base}/composite/tree/Account`, {
    records: [
      {
        attributes: { type: 'Account', referenceId: 'r1' },
        Name: 'Tree',
        Contacts: { records: [{ attributes: { type: 'Contact', referenceId: 'r2' }, LastName: 'Leaf' }] },
      },
    ],
  });
  assert.deepEqual([tree.hasErrors, tree.results.map(({ referenceId }) => referenceId)], [false, ['r1', 'r2']]);
  const graph = await conn.requestPost(`${base}/composite/graph`, {
    graphs: [
      {
        graphId: 'g1',
        compositeRequest: [{ method: 'POST', url: `${base}/sobjects/Account`, referenceId: 'a', body: { Name: 'Graph' } }],
      },
    ],
  });
  assert.equal(graph.graphs[0].isSuccessful, true);
  assert.equal(graph.graphs[0].graphResponse.compositeResponse[0].httpStatusCode, 201);
});

// Errors

check('errors come typed, with their fields', async () => {
  const conn = await connect();
  const contact = conn.sobject('Contact');
  const missing = await fails(contact.create({ FirstName: 'X' }), 'REQUIRED_FIELD_MISSING', 'Required fields are missing: [LastName]');
  assert.deepEqual(missing.data.fields, ['LastName']);
  await fails(
    conn.sobject('Account').create({ Name: 'X', AccountNumer: '1' }),
    'INVALID_FIELD',
    "No such column 'AccountNumer' on sobject of type Account",
  );
  await fails(conn.sobject('Foo').create({ Name: 'X' }), 'NOT_FOUND', 'The requested resource does not exist');
  await fails(contact.retrieve('003000000000000AAA'), 'NOT_FOUND');
  await fails(contact.create({ LastName: 'X', Email: '123' }), 'INVALID_EMAIL_ADDRESS', 'Email: invalid email address: 123');
  await fails(contact.create({ LastName: 'X', Name: 'Y' }), 'INVALID_FIELD_FOR_INSERT_UPDATE', /^Unable to create\/update fields: Name\./);
  await fails(contact.create({ LastName: 'X'.repeat(81) }), 'STRING_TOO_LONG', /^Last Name: data value too large: X+ \(max length=80\)$/);
  await fails(conn.sobject('Event').create({ Subject: 'No times' }), 'REQUIRED_FIELD_MISSING');
});

check('a fault reaches the client as the error it names', async () => {
  const conn = await connect();
  await control('POST', 'faults', {
    match: { object: 'Account', method: 'POST' },
    effect: { error: { status: 400, code: 'UNABLE_TO_LOCK_ROW', message: 'unable to obtain exclusive access to this record', fields: [] } },
  });
  await fails(conn.sobject('Account').create({ Name: 'Locked' }), 'UNABLE_TO_LOCK_ROW');
  assert.equal((await conn.sobject('Account').create({ Name: 'Locked' })).success, true);
});

let passed = 0;
for (const { name, run } of checks) {
  await control('POST', 'reset', {});
  try {
    await run();
    passed += 1;
  } catch (error) {
    console.log(`FAILED jsforce: ${name}\n  ${String(error.stack).split('\n').slice(0, 12).join('\n  ')}`);
  }
}
console.log(`jsforce: ${passed} passed, ${checks.length - passed} failed`);
process.exit(passed === checks.length ? 0 : 1);
