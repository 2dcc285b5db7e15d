/* SPDX-License-Identifier: Apache-2.0 */
/* Rules: or of ands of nots of tests. */
#include "lifecycle/parse.h"

static int node_new(struct parser *p, enum node_kind kind, uint16_t left, uint16_t *ret_node)
{
	struct machine *m = p->machine;

	if (m->n_nodes == NODES_MAX)
		return parse_fail(p, &p->before, "the rules of a file have at most %d tests, "
			"ands, ors and nots together", NODES_MAX);
	m->nodes[m->n_nodes] = (struct node){ (uint8_t)kind, left, NODE_NONE };
	*ret_node = (uint16_t)m->n_nodes++;
	return 0;
}

static int deeper(struct parser *p)
{
	if (++p->depth <= DEPTH_MAX)
		return 0;
	return parse_fail(p, &p->token, "parentheses and nots are nested more than %d deep",
		DEPTH_MAX);
}

static int parse_or(struct parser *p, uint16_t *ret_node);
static int parse_operand(struct parser *p, uint16_t *ret_node);

static int parse_not(struct parser *p, uint16_t *ret_node)
{
	uint16_t left = NODE_NONE;
	int rc = deeper(p);

	if (rc == 0)
		rc = parse_next(p);
	if (rc == 0)
		rc = parse_operand(p, &left);
	p->depth--;
	return rc == 0 ? node_new(p, NODE_NOT, left, ret_node) : rc;
}

static int parse_group(struct parser *p, uint16_t *ret_node)
{
	int rc = deeper(p);

	if (rc == 0)
		rc = parse_next(p);
	if (rc == 0)
		rc = parse_or(p, ret_node);
	if (rc == 0)
		rc = parse_take(p, ")", "and, or or )");
	p->depth--;
	return rc;
}

static int parse_operand(struct parser *p, uint16_t *ret_node)
{
	uint16_t test = 0;
	int rc;

	if (token_is(&p->token, "not"))
		return parse_not(p, ret_node);
	if (token_is(&p->token, "("))
		return parse_group(p, ret_node);
	rc = p->in_filter ? parse_event_test(p, &test) : parse_test(p, &test);
	return rc == 0 ? node_new(p, NODE_TEST, test, ret_node) : rc;
}

/* PART, or PART WORD PART …, leaning to the right: each further part is hung where the last one
 * was. Nodes never move, so LINK stays good. */
static int parse_chain(struct parser *p, enum node_kind kind, const char *word,
	int (*part)(struct parser *, uint16_t *), uint16_t *link)
{
	int rc = part(p, link);

	while (rc == 0 && token_is(&p->token, word)) {
		uint16_t node = NODE_NONE;

		rc = node_new(p, kind, *link, &node);
		if (rc != 0)
			break;
		*link = node;
		link = &p->machine->nodes[node].right;
		rc = parse_next(p);
		if (rc == 0)
			rc = part(p, link);
	}
	return rc;
}

static int parse_and(struct parser *p, uint16_t *ret_node)
{
	return parse_chain(p, NODE_AND, "and", parse_operand, ret_node);
}

static int parse_or(struct parser *p, uint16_t *ret_node)
{
	return parse_chain(p, NODE_OR, "or", parse_and, ret_node);
}

int parse_rule(struct parser *p, uint16_t *ret_node)
{
	p->depth = 0;
	return parse_or(p, ret_node);
}
