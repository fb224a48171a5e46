/* SPDX-License-Identifier: MIT
 *
 * settings_command.h: the command `thimble settings`.
 */
#ifndef HOST_SETTINGS_COMMAND_H
#define HOST_SETTINGS_COMMAND_H

/* argv[0] is "settings".  Returns the exit code. */
int settings_command(int argc, char **argv);

/* The text of `thimble help settings`. */
extern const char settings_help[];

#endif
