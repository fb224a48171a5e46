/* SPDX-License-Identifier: MIT
 *
 * client.h: the commands of `thimble` that look at targets and measure them.  They log in by
 * libiscsi and are built only where it is.
 */
#ifndef HOST_CLIENT_CLIENT_H
#define HOST_CLIENT_CLIENT_H

/* argv[0] is the command's name.  Each returns the exit code. */
int ls_command(int argc, char **argv);
int inq_command(int argc, char **argv);
int ping_command(int argc, char **argv);
int bench_command(int argc, char **argv);

/* The texts of `thimble help ls` and so on. */
extern const char ls_help[];
extern const char inq_help[];
extern const char ping_help[];
extern const char bench_help[];

#endif
