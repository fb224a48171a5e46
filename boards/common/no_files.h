/* SPDX-License-Identifier: MIT
 *
 * no_files.h: lwIP's httpd has no files but those that are made when asked for (status_lwip.c).
 */
#define FS_ROOT     NULL
#define FS_NUMFILES 0
