#ifndef MILLRACE_CLIBVIRT_SHIM_H
#define MILLRACE_CLIBVIRT_SHIM_H

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#endif
