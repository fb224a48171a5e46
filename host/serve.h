/* SPDX-License-Identifier: MIT
 *
 * serve.h: the command `thimble serve`.
 */
#ifndef HOST_SERVE_H
#define HOST_SERVE_H

/* argv[0] is "serve".  Returns the exit code. */
int serve(int argc, char **argv);

#endif
