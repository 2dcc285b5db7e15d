/* SPDX-License-Identifier: Apache-2.0 */
/* kithd: arguments, then the daemon's life. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "daemon/daemon.h"

static int refuse(const struct complaint *c, int code)
{
	log_error("daemon", c->text[0] ? c->text : "cannot start", NULL);
	return code;
}

/* What a restart cannot mend by itself. */
static bool is_configuration(int rc)
{
	return rc == ERR_INVALID || rc == ERR_VERSION || rc == ERR_DENIED || rc == ERR_CORRUPT ||
		rc == ERR_NOTFOUND || rc == ERR_BUSY;
}

int main(int argc, char **argv)
{
	static struct daemon d; /* large */
	struct complaint c = { 0 };
	int rc;

	signal(SIGHUP, SIG_IGN); /* until the loop handles it: nothing has to be read again yet */
	config_default(&d.config);
	rc = config_flags(&d.config, argc, argv, &c);
	if (rc == 1)
		return 0;
	if (rc == 0)
		rc = config_check(&d.config, &c);
	if (rc != 0)
		return refuse(&c, EXIT_CONFIG);
	log_set_level(d.config.log);
	if (d.config.check_only) {
		rc = inputs_compile(&d, &c);
		if (rc == 0)
			rc = sentences_open(&d, &c);
		sentences_close(&d);
		return rc == 0 ? 0 : refuse(&c, EXIT_CONFIG);
	}
	rc = daemon_open(&d, &c);
	if (rc != 0) {
		int code = refuse(&c, is_configuration(rc) ? EXIT_CONFIG : 1);

		if (d.workers_running)
			_exit(code); /* nothing was acknowledged */
		daemon_close(&d);
		return code;
	}
	rc = daemon_run(&d);
	if (rc != 0)
		_exit(rc); /* no clean stop: recovery starts from what is durable */
	daemon_close(&d);
	log_info("daemon", "stopped", NULL);
	return 0;
}
