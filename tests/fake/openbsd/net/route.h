// What platform/openbsd/live.cpp needs of OpenBSD's header.
#pragma once

struct rt_tableinfo {
    unsigned short rti_tableid, rti_domainid;
};
