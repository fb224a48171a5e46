/* SPDX-License-Identifier: MIT
 *
 * error.c: see error.h.
 */
#include "error.h"

#include <errno.h>

#include "../src/thimble.h"

int error_of(int error)
{
    switch (error) {
    case ENOSPC:
#ifdef EDQUOT
    case EDQUOT:
#endif
    case EFBIG:
        return THIMBLE_ERR_NO_SPACE;
    case EROFS:
    case EPERM:
    case EACCES:
        return THIMBLE_ERR_WRITE_PROTECTED;
    case ENXIO:
    case ENODEV:
        return THIMBLE_ERR_NO_MEDIUM;
    case ENOMEM:
    case EBADF:
        return THIMBLE_ERR_HARDWARE;
    default:
        return THIMBLE_ERR_IO;
    }
}
