// SPDX-License-Identifier: Apache-2.0
// What kithd has sent, read by the published libraries: Standard Webhooks' and CloudEvents' own.
// Requests on standard input; arguments: the secret, and another one.
const { Webhook } = require('standardwebhooks');
const { HTTP } = require('cloudevents');
const [secret, other] = process.argv.slice(2);
const counts = { verified: 0, refused: 0, read: 0 };

function refuses(webhook, body, headers) {
	try {
		webhook.verify(body, headers);
	} catch (e) {
		counts.refused++;
		return;
	}
	throw new Error('a wrong signature was taken');
}

for (const { headers, body, customer, type } of JSON.parse(require('fs').readFileSync(0, 'utf8'))) {
	new Webhook(secret).verify(body, headers);
	counts.verified++;
	refuses(new Webhook(other), body, headers);
	refuses(new Webhook(secret), body.replace(type, 'other.type'), headers);
	const event = HTTP.toEvent({ headers, body });
	// The SDK leaves headers percent-encoded.
	const subject = headers['ce-id'] ? decodeURIComponent(event.subject) : event.subject;
	if (!event.validate() || event.type !== type || event.id !== headers['webhook-id'] ||
		event.data.customer !== customer || subject !== customer)
		throw new Error('read otherwise: ' + JSON.stringify(event));
	counts.read++;
}
console.log(JSON.stringify(counts));
