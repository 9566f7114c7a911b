/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * States that the two ends of a split device show each other in their
 * xenstore nodes `state`, as decimal text.
 *
 * The usual way up: both Initialising; back end InitWait (its features are
 * in the store); front end Initialised (rings and ports are in the store);
 * back end Connected; front end Connected. Down: Closing, then Closed.
 */
#pragma once

enum xenbus_state {
	XenbusStateUnknown = 0,		/* the node is absent or unreadable */
	XenbusStateInitialising = 1,
	XenbusStateInitWait = 2,	/* waits for the other end's details */
	XenbusStateInitialised = 3,	/* has written its own details */
	XenbusStateConnected = 4,
	XenbusStateClosing = 5,
	XenbusStateClosed = 6,
	XenbusStateReconfiguring = 7,	/* buses only: devices come or go */
	XenbusStateReconfigured = 8,
};
