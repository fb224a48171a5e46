/* SPDX-License-Identifier: MIT
 *
 * error.h: what the system says (errno) as what a disk or a store answers to the engine.
 */
#ifndef HOST_ERROR_H
#define HOST_ERROR_H

/* A negative thimble_err.  What is not in the list is a failure of the medium. */
int error_of(int error);

#endif
