/* SPDX-License-Identifier: Apache-2.0 */
/* The lifecycle file of the stories: small, and not the one that is shipped, which may change its
 * mind. Each law in time has a rule. */
#include "tests/sim/sim.h"

const char sim_shop[] =
	"zone \"UTC\"\n"
	"ladder stage {\n"
	"    suspect    potential\n"
	"    prospect   potential  when need or contacts >= 1\n"
	"    qualified  potential  when need and ability and authority\n"
	"    first_time actual     when purchases = 1\n"
	"    repeat     actual     when purchases >= 2\n"
	"    client     actual     when purchases >= 5 and buying_for >= 180d\n"
	"    member     actual     when purchases >= 1 and member\n"
	"    lapsed     potential severity high\n"
	"               when purchases >= 1 and (refunds >= 1 and refunded >= spent or silence > 365d)\n"
	"}\n"
	"ladder phase {\n"
	"    exploration\n"
	"    formation  when purchase_days >= 2 and not satisfaction < 0\n"
	"    decline    when purchase_days >= 3 and spend_trend < 50%\n"
	"    ended      when stage = lapsed and open_complaints = 0\n"
	"}\n"
	"risk silent     severity high\n"
	"     when purchase_days >= 3 and silence > 3 * usual_gap and silence > 30d\n"
	"risk no_second_purchase severity low   when purchases = 1 and silence > 90d\n"
	"risk shrinking  severity watch  when purchases >= 4 and spend_trend < 40%\n"
	"risk complaint  severity high   when purchases >= 1 and complaint_age > 2d\n"
	"risk contract   severity high\n"
	"     when purchases >= 1 and (notice_given or contract_remaining < 60d and contract_remaining > -60d)\n"
	"risk competitor severity medium when purchases >= 1 and competitor_age < 90d\n"
	"risk market     severity watch  when purchases >= 1 and market_remaining > 0d\n";

/* Another one to switch to: other bounds, rungs that come and go. Ladders keep their first rungs,
 * so that "no word" still means "there". */
const char sim_other_shop[] =
	"ladder stage {\n"
	"    suspect    potential\n"
	"    prospect   potential  when need or contacts >= 2\n"
	"    first_time actual     when purchases = 1\n"
	"    repeat     actual     when purchases >= 2\n"
	"    regular    actual     when purchases >= 4 and purchase_rate > 8\n"
	"    client     actual     when purchases >= 5 and tenure >= 90d\n"
	"    lapsed     potential  when purchases >= 1 and silence > 200d\n"
	"}\n"
	"ladder phase {\n"
	"    exploration\n"
	"    formation  when purchase_days >= 2\n"
	"    ended      when stage = lapsed\n"
	"}\n"
	"risk no_second_purchase when purchases = 1 and silence > 30d\n"
	"risk silent     severity high   when purchase_days >= 2 and silence > 2 * usual_gap\n"
	"risk shrinking  when purchases >= 3 and spend_trend < 70%\n"
	"risk complaint  severity high   when complaint_age > 12h\n"
	"risk contract   when contract_remaining < 20d and contract_remaining > -20d\n"
	"risk competitor severity medium when purchases >= 1 and competitor_age < 10d\n"
	"risk market     severity watch  when market_remaining > 0d\n";
